from __future__ import annotations

import pytest

from offhook.sip.capture.ladder import Ladder, call_id_of, repeated
from offhook.sip.flow import HostPort
from tests.sip.capture.messages import CALLER, SDP, US, captured, request, response


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (request("INVITE", "a84b4c76e66710@pc33"), b"a84b4c76e66710@pc33"),
        (b"BYE sip:x SIP/2.0\r\ni:short\r\n\r\n", b"short"),
        (b"BYE sip:x SIP/2.0\r\nCALL-ID \t:  spaced  \r\n\r\n", b"spaced"),
        (b"BYE sip:x SIP/2.0\r\nTo: x\r\n\r\nContent\r\nCall-ID: of the body\r\n", b""),
        (b"BYE sip:x SIP/2.0\r\ni: head\r\n\r\nContent\r\nCall-ID: body\r\n", b"head"),
        (b"\r\n\r\n", b""),
        (b"", b""),
        (b"\xff\x00", b""),
    ],
)
def test_the_call_id_is_found_without_parsing(data: bytes, name: bytes) -> None:
    assert call_id_of(data) == name


def test_a_full_ladder_keeps_its_beginning_and_its_end() -> None:
    ladder = Ladder()
    grown = sum(ladder.add((float(at), False, CALLER, b"%02d" % at, 2), 6) for at in range(10))
    assert [entry[3] for entry in ladder.entries] == [b"00", b"01", b"02", b"07", b"08", b"09"]
    assert (ladder.dropped, ladder.size, grown) == (4, 12, 12)


@pytest.mark.parametrize(
    ("data", "summary"),
    [
        (request("INVITE", body=SDP), "INVITE sdp"),
        (request("BYE"), "BYE"),
        (response("200 OK", body=SDP), "200 OK (INVITE) sdp"),
        (response("487 Request Terminated"), "487 Request Terminated (INVITE)"),
        (b"SIP/2.0 200\r\n\r\n", "200 (?)"),
        (b"BYE\x1b[2J sip:x SIP/2.0\r\n\r\n", "BYE\ufffd[2J"),
        (b"", ""),
    ],
)
def test_a_message_is_summed_up_in_a_few_words(data: bytes, summary: str) -> None:
    assert captured(0, data, sent=True).summary == summary


def test_source_and_destination_follow_the_direction() -> None:
    sent, received = captured(0, b"", sent=True), captured(0, b"", sent=False)
    assert (sent.source, sent.destination) == (US, HostPort("198.51.100.7", 5062))
    assert (received.source, received.destination) == (sent.destination, sent.source)


def test_what_passed_before_the_same_way_is_a_retransmission() -> None:
    invite, bye = request("INVITE"), request("BYE")
    messages = [captured(0, invite, sent=False), captured(1, invite, sent=True), captured(2, bye, sent=False)]
    assert repeated([*messages, captured(500, invite, sent=False)]) == [False, False, False, True]
