from __future__ import annotations

import pytest

from offhook.calls.leg import ANSWERED_ELSEWHERE
from offhook.calls.legs.causes import FarEnd
from offhook.calls.legs.translation import custom_headers, ending, reason_value
from offhook.sip.events import CallEnded, CallHandle, EndCause
from offhook.sip.flow import Flow, Transport
from offhook.sip.message import Request, Response, parse

INVITE = parse(
    b"INVITE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n"
    b"Call-ID: 1\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nX-A: 1\r\nX-RestComm-CallSid: CA\r\n"
    b"Diversion: <sip:c@h>\r\nContent-Length: 0\r\n\r\n"
)


FAR = FarEnd(uri="sip:b@h", ways=(Flow(Transport.UDP, "h", 5060),))


def refusal(code: int, *headers: tuple[str, str]) -> Response:
    assert isinstance(INVITE, Request)
    return INVITE.response(code, headers=headers)


def test_applications_read_their_own_headers_and_diversion_and_never_our_marks() -> None:
    assert custom_headers(INVITE) == {"X-A": "1", "Diversion": "<sip:c@h>"}


def test_a_reason_is_one_line_of_bounded_length() -> None:
    assert reason_value("a\r\nb") == 'SIP;text="a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b"'
    assert len(reason_value("x" * 1000)) < 250
    assert "cause=200" in reason_value(ANSWERED_ELSEWHERE)


@pytest.mark.parametrize(
    ("cause", "silent"),
    [(EndCause.NO_RESPONSE, True), (EndCause.UNREACHABLE, True), (EndCause.REFUSED_BY_THEM, False)],
)
def test_a_far_end_that_says_nothing_is_told_from_one_that_refuses(cause: EndCause, silent: bool) -> None:
    told = ending(CallEnded(call=CallHandle(1), cause=cause, code=408), FAR)
    assert (told.silent, told.by_far_end, told.sip_code) == (silent, True, 408)


def test_how_long_a_far_end_wants_to_be_left_alone_is_told() -> None:
    message = refusal(503, ("Retry-After", "7"), ("X-B", "2"))
    told = ending(CallEnded(call=CallHandle(1), cause=EndCause.REFUSED_BY_THEM, code=503, message=message), FAR)
    assert (told.retry_after, dict(told.headers)) == (7, {"X-B": "2"})
    bye = ending(CallEnded(call=CallHandle(1), cause=EndCause.BYE, message=INVITE), FAR)
    assert (bye.retry_after, bye.reason, dict(bye.headers)) == (None, "", {})


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ('Q.850;cause=17;text="User busy"', "; it says: Q.850 17 User busy"),
        ("SIP;cause=486", "; it says: SIP 486 Busy Here"),
        ("Q.850;text=gone", "; it says: gone"),
        ("Q.850", ""),
        ("nonsense;;cause=x", ""),
    ],
)
def test_what_the_far_end_gives_as_its_reason_is_told(value: str, reason: str) -> None:
    message = refusal(480, ("Reason", value))
    told = ending(CallEnded(call=CallHandle(1), cause=EndCause.REFUSED_BY_THEM, code=480, message=message), FAR)
    assert told.reason.partition("do-not-disturb")[2].partition(" (look at")[0] == reason
