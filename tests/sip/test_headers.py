"""Values of small headers."""

from __future__ import annotations

import pytest

from offhook.sip.errors import RemoteProtocolError
from offhook.sip.headers import CSeq, MediaType, RAck, Reason, SessionExpires, min_se_of, retry_after, rseq_of
from offhook.sip.message import Request


def test_a_cseq_reads_and_writes() -> None:
    assert CSeq.parse(" 0009   INVITE ") == CSeq(9, "INVITE")
    assert str(CSeq(2147483647, "BYE")) == "2147483647 BYE"


@pytest.mark.parametrize("text", ["", "1", "INVITE", "1 INV ITE", "2147483648 BYE", "1 <>"])
def test_what_is_no_cseq_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        CSeq.parse(text)


def test_a_reason_reads_and_writes() -> None:
    reason = Reason.parse('Q.850 ;cause=16; text="Normal \\"call\\" clearing"')
    assert reason == Reason(protocol="Q.850", cause=16, text='Normal "call" clearing')
    assert Reason.parse(str(reason)) == reason
    assert Reason.parse("SIP") == Reason(protocol="SIP")


@pytest.mark.parametrize("text", ["", ";cause=1", "Q.850;cause=x", "a b"])
def test_what_is_no_reason_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        Reason.parse(text)


def test_a_media_type_reads_and_writes() -> None:
    kind = MediaType.parse(' Multipart / Mixed ; Boundary="a;b"')
    assert (kind.essence, kind.parameters) == ("multipart/mixed", {"boundary": "a;b"})
    assert MediaType.parse(str(kind)) == kind


@pytest.mark.parametrize("text", ["", "audio", "/", "a/b c", "a b/c"])
def test_what_is_no_media_type_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        MediaType.parse(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120), (" 18000;duration=3600", 18000), ("120 (I am in a meeting)", 120), ("soon", None), (None, None)],
)
def test_how_long_a_far_end_wants_to_be_left_alone(text: str | None, seconds: float | None) -> None:
    assert retry_after(text) == seconds


def said(*headers: tuple[str, str]) -> Request:
    return Request.build("INVITE", "sip:a@b", headers)


def test_a_rack_reads_and_writes() -> None:
    rack = RAck.of(said(("RAck", " 776656  1 INVITE")))
    assert rack == RAck(776656, 1, "INVITE")
    assert str(rack) == "776656 1 INVITE"


@pytest.mark.parametrize("text", [None, "", "1 INVITE", "1 2", "a 1 INVITE", "1 1 INV ITE", "12345678901 1 INVITE"])
def test_what_is_no_rack_is_refused(text: str | None) -> None:
    with pytest.raises(RemoteProtocolError):
        RAck.of(said() if text is None else said(("RAck", text)))


@pytest.mark.parametrize(
    ("require", "rseq", "number"),
    [
        ("100rel", "7", 7),
        ("timer, 100REL", " 4294967295 ", 4294967295),
        ("timer", "7", None),
        ("100rel", "0", None),
        ("100rel", "4294967296", None),
        ("100rel", "x", None),
        ("100rel", "", None),
    ],
)
def test_only_a_response_that_requires_it_and_has_a_number_is_reliable(
    require: str, rseq: str, number: int | None
) -> None:
    assert rseq_of(said(("Require", require), ("RSeq", rseq))) == number


def test_a_session_reads_and_writes() -> None:
    session = SessionExpires.of(said(("x", "1800 ;Refresher=UAS;foo=bar")))
    assert session == SessionExpires(seconds=1800, refresher="uas")
    assert str(session) == "1800;refresher=uas"
    assert SessionExpires.of(said(("Session-Expires", "90;refresher=me"))) == SessionExpires(seconds=90)
    assert str(SessionExpires(seconds=90)) == "90"
    assert SessionExpires.of(said()) is None


@pytest.mark.parametrize("text", ["", "soon", "-1", "99999999999999", ";refresher=uac"])
def test_what_is_no_session_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        SessionExpires.of(said(("Session-Expires", text)))


@pytest.mark.parametrize(("text", "least"), [("120", 120), ("120;a=b", 120), ("x", 90), ("", 90), ("9999999999", 90)])
def test_a_min_se_that_cannot_be_read_is_the_least_there_is(text: str, least: int) -> None:
    assert min_se_of(said(("Min-SE", text))) == least
