"""UPDATE between two endpoints, and against peers played by hand."""

from __future__ import annotations

import pytest

from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import (
    CallAnswered,
    CallEnded,
    CallHandle,
    EndCause,
    IncomingCall,
    OfferAnswered,
    OfferReceived,
    OfferRefused,
)
from offhook.sip.testing import Wire
from tests.sip.raw import request
from tests.sip.test_conversation import Standing
from tests.sip.test_endpoint import ANSWER, call, standing
from tests.sip.test_reliable import SDP, Ringing, ringing

CHANGE, CHANGED = b"v=0\r\nchange", b"v=0\r\nchanged"


def answering(wire: Wire) -> None:
    """Both ends accept every offer."""
    for side in (wire.left, wire.right):

        def accept(event: object, side: object = side) -> None:
            if isinstance(event, OfferReceived):
                side.endpoint.accept_offer(event.call, CHANGED, wire.now)

        side.on_event = accept


def early(wire: Wire) -> tuple[CallHandle, CallHandle]:
    """A call whose description was acknowledged before the answer."""
    ours, theirs = ringing(wire)
    wire.run(0.1)
    return ours, theirs


@pytest.mark.parametrize("made", [early, standing])
@pytest.mark.parametrize("caller", [True, False])
def test_either_end_changes_the_session_before_and_after_the_answer(made: object, caller: bool) -> None:
    wire = Wire()
    handles = made(wire)
    answering(wire)
    asking, other = (wire.left, wire.right) if caller else (wire.right, wire.left)
    asking.endpoint.update(handles[0 if caller else 1], CHANGE, wire.now)
    wire.run(0.1)
    assert other.of(OfferReceived)[-1].offer == CHANGE
    assert asking.of(OfferAnswered)[-1].sdp == CHANGED
    wire.right.endpoint.answer(handles[1], ANSWER, wire.now) if made is early else None
    wire.run(0.1)
    assert wire.left.one(CallAnswered).sdp == (None if made is early else ANSWER)
    wire.left.endpoint.hangup(handles[0], wire.now)
    wire.run()
    assert wire.idle


def test_updates_that_cross_are_both_refused_and_the_one_who_waits_less_goes_first() -> None:
    wire = Wire()
    ours, theirs = standing(wire)
    answering(wire)
    wire.left.endpoint.update(ours, CHANGE, wire.now)
    wire.right.endpoint.update(theirs, CHANGE, wire.now)
    wire.run(0.1)
    assert wire.transcript[-2:] == ["< 491 UPDATE", "> 491 UPDATE"] or "< 491 UPDATE" in wire.transcript
    wire.run(10)
    assert (len(wire.left.of(OfferAnswered)), len(wire.right.of(OfferAnswered))) == (1, 1)


def test_an_update_that_crosses_a_reinvite_meets_glare() -> None:
    wire = Wire()
    ours, theirs = standing(wire)
    answering(wire)
    wire.left.endpoint.reinvite(ours, CHANGE, wire.now)
    wire.right.endpoint.update(theirs, CHANGE, wire.now)
    wire.run(10)
    assert {"> 491 UPDATE", "< 491 INVITE"} <= set(wire.transcript)
    assert (len(wire.left.of(OfferAnswered)), len(wire.right.of(OfferAnswered))) == (1, 1)


@pytest.mark.parametrize("seed", range(5))
def test_changes_arrive_on_a_line_that_loses_repeats_and_reorders(seed: int) -> None:
    wire = Wire(seed=seed)
    ours, theirs = standing(wire)
    answering(wire)
    fates = [[], [0.01, 0.3], [0.2], [0.01], [], [0.05, 0.06]]
    turns = iter(range(seed, 10_000))
    wire.fate = lambda _data: fates[next(turns) % len(fates)]
    wire.left.endpoint.update(ours, CHANGE, wire.now)
    wire.run(40)
    assert len(wire.left.of(OfferAnswered)) == 1
    wire.right.endpoint.update(theirs, CHANGE, wire.now)
    wire.run(40)
    assert len(wire.right.of(OfferAnswered)) == 1
    wire.fate = lambda _data: [0.01]
    wire.left.endpoint.hangup(ours, wire.now)
    wire.run()
    assert wire.idle


def test_an_update_before_our_answer_comes_too_soon() -> None:
    line = Ringing()
    line.rings(180, None)
    to = line.last().get("to") or ""
    line.hears()
    line.says(request("UPDATE", branch="u", cseq=2, to=to, headers=SDP, body="new"))
    assert line.hears() == ["500 UPDATE"]
    assert int(line.last().get("retry-after") or "") <= 10


def test_an_update_beside_another_one_comes_too_soon() -> None:
    line = Standing()
    line.asks("UPDATE", headers=SDP, body="one")
    line.asks("UPDATE", headers=SDP, body="two")
    assert line.hears() == ["500 UPDATE"]
    line.endpoint.accept_offer(line.call, b"answer", 0.0)
    assert line.hears() == ["200 UPDATE"]
    assert line.last().body == b"answer"
    assert line.last().contact is not None


@pytest.mark.parametrize(
    ("headers", "body", "answer"),
    [(["Content-Type: text/html"], "x", "415 UPDATE"), (["Supported: timer", "Session-Expires: 30"], "", "422 UPDATE")],
)
def test_an_update_that_cannot_be_taken_is_refused(headers: list[str], body: str, answer: str) -> None:
    line = Standing()
    line.asks("UPDATE", headers=headers, body=body)
    assert line.hears() == [answer]


def test_an_update_without_offer_moves_the_remote_target() -> None:
    line = Standing()
    line.asks("UPDATE", without=["Contact"], headers=["Contact: <sip:moved@192.0.2.1:5099>"])
    line.endpoint.hangup(line.call, 0.0)
    line.wire.settle()
    assert line.sent[-1].startswith(b"BYE sip:moved@192.0.2.1:5099 SIP/2.0")


def test_an_update_that_nobody_decides_gets_504() -> None:
    line = Standing()
    line.asks("UPDATE", headers=SDP, body="new")
    line.wire.run(10.5)
    assert line.hears() == ["504 UPDATE"]
    line.endpoint.accept_offer(line.call, b"late", 0.0)
    assert line.hears() == []


def test_a_refused_update_is_told_and_the_call_goes_on() -> None:
    wire = Wire()
    ours, _ = standing(wire)
    wire.right.on_event = lambda event: (
        wire.right.endpoint.refuse_offer(event.call, wire.now) if isinstance(event, OfferReceived) else None
    )
    wire.left.endpoint.update(ours, CHANGE, wire.now)
    wire.run(1)
    assert wire.left.one(OfferRefused).code == 488
    assert wire.left.of(CallEnded) == []


def test_an_update_that_finds_nobody_ends_the_call() -> None:
    wire = Wire()
    ours, _ = standing(wire)
    wire.fate = lambda _data: []
    wire.left.endpoint.update(ours, CHANGE, wire.now)
    wire.run()
    assert wire.left.one(CallEnded).cause is EndCause.GONE


def test_an_offer_that_waits_when_the_call_ends_is_answered_all_the_same() -> None:
    line = Standing()
    line.asks("UPDATE", headers=SDP, body="new")
    line.asks("BYE")
    line.wire.run(0.1)
    assert sorted(line.hears()) == ["200 BYE", "487 UPDATE"]
    line.wire.run()
    assert line.endpoint.idle


def test_no_update_goes_to_an_end_that_does_not_allow_it_or_beside_another_offer() -> None:
    line = Standing()  # whose INVITE said nothing of UPDATE
    with pytest.raises(LocalProtocolError, match="takes no UPDATE"):
        line.endpoint.update(line.call, CHANGE, 0.0)
    wire = Wire()
    ours = call(wire)
    wire.run(0.1)
    with pytest.raises(LocalProtocolError, match="takes no UPDATE"):
        wire.left.endpoint.update(ours, CHANGE, wire.now)
    with pytest.raises(LocalProtocolError):
        wire.right.endpoint.update(wire.right.one(IncomingCall).call, CHANGE, wire.now)
