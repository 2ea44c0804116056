from __future__ import annotations

import pytest

from offhook.calls.legs.causes import CLASSES, ENDS, OURS, Q850, REFUSALS, FarEnd, explain, refused
from offhook.sip.events import CallEnded, CallHandle, EndCause
from offhook.sip.flow import Flow, Transport
from offhook.sip.message import Request, parse
from offhook.sip.reasons import REASONS

FAR = FarEnd(uri="sip:bob@10.0.0.7:5060", ways=(Flow(Transport.UDP, "10.0.0.1", 5060),), codecs=("PCMU", "PCMA"))
INVITE = parse(
    b"INVITE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n"
    b"Call-ID: 1\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


def ended(cause: EndCause, code: int | None = None, *headers: tuple[str, str], phrase: str = "") -> CallEnded:
    assert isinstance(INVITE, Request)
    message = INVITE.response(code, phrase, headers=headers) if code else Request.build("BYE", "sip:a@h", headers)
    return CallEnded(call=CallHandle(1), cause=cause, code=code, message=message)


def theirs(code: int, *headers: tuple[str, str], phrase: str = "") -> str:
    return explain(ended(EndCause.REFUSED_BY_THEM, code, *headers, phrase=phrase), FAR)


def test_a_refusal_names_code_meaning_and_where_to_look() -> None:
    assert theirs(486) == "486 Busy Here: sip:bob@10.0.0.7:5060 is in another call"
    assert theirs(488).startswith(
        "488 Not Acceptable Here: sip:bob@10.0.0.7:5060 has no codec in common with us: we offer PCMU, PCMA (look at: media.codecs"
    )
    assert theirs(407).startswith("407 Proxy Authentication Required: the proxy at 10.0.0.1:5060 udp does not accept")


def test_what_the_far_end_says_itself_is_quoted_once() -> None:
    said = theirs(
        486,
        ("Warning", '399 gw.example "line 7 is taken"'),
        ("Reason", "Q.850;cause=17"),
        ("Reason", 'SIP;cause=486;text="line 7 is taken"'),
        phrase="No more lines",
    )
    assert said.endswith("is in another call; it says: No more lines; line 7 is taken; Q.850 17 user busy")
    assert "Q.850 200 unknown" in theirs(500, ("Reason", "Q.850;cause=200"))
    assert "Q.850 34 trunk full" in theirs(503, ("Reason", 'Q.850;cause=34;text="trunk full"'))


def test_control_characters_and_length_of_foreign_words_are_bounded() -> None:
    said = theirs(500, ("Reason", f'SIP;text="{"x" * 500}"'))
    assert len(said) < 400
    assert theirs(500, phrase="a\tb").isprintable()


@pytest.mark.parametrize("code", [399, 499, 599, 699])
def test_a_code_that_is_not_listed_is_told_by_its_class(code: int) -> None:
    assert theirs(code, phrase="Odd") == refused(code, FAR, "; it says: Odd")
    assert CLASSES[code // 100].look in refused(code, FAR)


def test_silence_is_told_from_what_cannot_be_reached() -> None:
    silence = explain(CallEnded(call=CallHandle(1), cause=EndCause.NO_RESPONSE, code=408), FAR)
    assert silence.startswith("408: no answer from 10.0.0.1:5060 udp (look at: is the host up")
    both = FarEnd(uri="sip:b@x", ways=(*FAR.ways, Flow(Transport.TCP, "10.0.0.2", 5060)))
    assert "10.0.0.1:5060 udp and 10.0.0.2:5060 tcp" in explain(
        CallEnded(call=CallHandle(1), cause=EndCause.NO_RESPONSE, code=408), both
    )
    nowhere = explain(CallEnded(call=CallHandle(1), cause=EndCause.UNREACHABLE, code=503), FAR)
    assert nowhere.startswith("503: 10.0.0.1:5060 udp cannot be reached (look at: does something listen there")


def test_an_ordinary_hang_up_needs_no_words_an_odd_one_does() -> None:
    assert explain(ended(EndCause.BYE), FAR) == ""
    assert explain(ended(EndCause.BYE, None, ("Reason", "Q.850;cause=16")), FAR) == ""
    odd = explain(ended(EndCause.BYE, None, ("Reason", "Q.850;cause=38")), FAR)
    assert odd == "the far end hung up; it says: Q.850 38 network out of order"


@pytest.mark.parametrize("cause", list(EndCause))
def test_every_end_has_words(cause: EndCause) -> None:
    told = explain(CallEnded(call=CallHandle(1), cause=cause), FAR)
    assert told or cause is EndCause.BYE
    assert "{" not in told


def test_every_line_of_the_tables_can_be_said() -> None:
    assert set(REFUSALS) <= set(REASONS)
    assert set(OURS) <= set(REASONS)
    for code in (*REFUSALS, *range(300, 700, 7)):
        assert "{" not in refused(code, FAR)
    for cause in (*REFUSALS.values(), *ENDS.values(), *OURS.values(), *CLASSES.values()):
        assert "|" not in cause.what + cause.look
    assert all(0 < code < 128 for code in Q850)
