"""Values of small headers."""

from __future__ import annotations

import pytest

from offhook.sip.errors import RemoteProtocolError
from offhook.sip.headers import CSeq, MediaType, Reason, retry_after


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
