"""Re-INVITE, against a peer played by hand and between two endpoints that offer at once."""

from __future__ import annotations

import pytest

from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import CallEnded, EndCause, IncomingCall, OfferAnswered, OfferReceived, OfferRefused
from offhook.sip.message import Request, parse
from offhook.sip.testing import Wire
from tests.sip.raw import PEER, request
from tests.sip.test_conversation import Standing
from tests.sip.test_endpoint import ANSWER, call, standing
from tests.sip.test_updating import CHANGE, answering


def test_a_second_reinvite_before_the_first_is_decided_is_put_off() -> None:
    line = Standing()
    line.asks("INVITE", body="a", headers=["Content-Type: application/sdp"])
    line.asks("INVITE")
    assert line.hears() == ["100 INVITE", "100 INVITE", "500 INVITE"]
    assert int(line.last().get("retry-after") or "") <= 10


def test_a_reinvite_may_be_cancelled() -> None:
    line = Standing()
    line.asks("INVITE")
    line.says(request("CANCEL", branch="r2", cseq=2, to=line.to))
    assert line.hears() == ["100 INVITE", "200 CANCEL", "487 INVITE"]
    line.endpoint.accept_offer(line.call, b"v=0", 0.0)
    assert line.hears() == []
    assert line.side.of(CallEnded) == []


def test_a_reinvite_that_nobody_decides_is_refused_and_the_call_goes_on() -> None:
    line = Standing()
    line.asks("INVITE")
    line.wire.run(10.5)
    assert "500 INVITE" in line.hears()
    assert line.side.of(CallEnded) == []


def test_a_late_offer_is_made_in_the_2xx_and_answered_in_the_ack() -> None:
    line = Standing()
    line.asks("INVITE")
    assert line.side.one(OfferReceived).offer is None
    line.endpoint.accept_offer(line.call, b"offer", 0.0)
    line.wire.settle()
    assert line.last().body == b"offer"
    line.says(
        request("ACK", branch="ack2", cseq=2, to=line.to, headers=["Content-Type: application/sdp"], body="answer")
    )
    assert line.side.one(OfferAnswered).sdp == b"answer"


def test_a_reinvite_moves_the_remote_target() -> None:
    line = Standing()
    line.asks("INVITE", without=["Contact"], headers=["Contact: <sip:moved@192.0.2.1:5099>"])
    line.endpoint.accept_offer(line.call, b"v=0", 0.0)
    line.wire.settle()
    line.says(request("ACK", branch="ack2", cseq=2, to=line.to))
    line.endpoint.hangup(line.call, 0.0)
    line.wire.settle()
    assert line.sent[-1].startswith(b"BYE sip:moved@192.0.2.1:5099 SIP/2.0")


def test_two_offers_of_ours_at_once_are_our_error() -> None:
    line = Standing()
    line.endpoint.reinvite(line.call, b"one", 0.0)
    with pytest.raises(LocalProtocolError):
        line.endpoint.reinvite(line.call, b"two", 0.0)


def test_a_reinvite_without_answer_ends_the_call_with_bye() -> None:
    line = Standing()
    line.endpoint.reinvite(line.call, b"v=0", 0.0)
    line.wire.run()
    assert line.side.one(CallEnded).cause is EndCause.GONE
    assert line.hears().count("BYE") == 11
    assert line.endpoint.idle


@pytest.mark.parametrize("contact", ["<sip:caller@[bad>", '"Caller'])
def test_a_reinvite_whose_contact_cannot_be_read_is_refused_and_the_call_goes_on(contact: str) -> None:
    line = Standing()
    line.asks("INVITE", headers=[f"Contact: {contact}"], without=("Contact",))
    assert [heard for heard in line.hears() if heard != "100 INVITE"] == ["400 INVITE"]
    assert line.side.of(OfferReceived) == line.side.of(CallEnded) == []


@pytest.mark.parametrize("seed", range(4))
def test_reinvites_that_cross_are_both_refused_and_then_made_one_after_the_other(seed: int) -> None:
    wire = Wire(seed=seed)
    ours, theirs = standing(wire)
    answering(wire)
    wire.left.endpoint.reinvite(ours, CHANGE, wire.now)
    wire.right.endpoint.reinvite(theirs, CHANGE, wire.now)
    wire.run(0.1)
    assert {"< 491 INVITE", "> 491 INVITE"} <= set(wire.transcript)
    wire.run(10)
    assert (len(wire.left.of(OfferAnswered)), len(wire.right.of(OfferAnswered))) == (1, 1)
    wire.left.endpoint.hangup(ours, wire.now)
    wire.run()
    assert wire.idle


def test_a_reinvite_that_overtakes_a_lost_ack_is_put_off_and_made_again() -> None:
    lost = iter([[]])
    wire = Wire(fate=lambda data: next(lost, [0.01]) if data.startswith(b"ACK") else [0.01])
    ours = call(wire)
    wire.run(0.1)
    theirs = wire.right.one(IncomingCall).call
    wire.right.endpoint.answer(theirs, ANSWER, wire.now)
    wire.run(0.1)
    answering(wire)
    wire.left.endpoint.reinvite(ours, CHANGE, wire.now)
    wire.run(0.1)
    assert "< 500 INVITE" in wire.transcript
    wire.run(10)
    assert (len(wire.left.of(OfferAnswered)), wire.left.of(OfferRefused)) == (1, [])


def test_a_reinvite_with_a_body_that_is_no_description_is_refused() -> None:
    line = Standing()
    line.asks("INVITE", headers=["Content-Type: text/html"], body="x")
    assert line.hears() == ["100 INVITE", "415 INVITE"]


def test_a_refused_reinvite_leaves_room_for_the_next() -> None:
    line = Standing()
    line.asks("INVITE", headers=["Content-Type: application/sdp"], body="offer")
    line.endpoint.refuse_offer(line.call, 0.0, headers=[("Warning", '305 offhook "no codec"')])
    line.wire.settle()
    assert (line.last().status, line.last().get("warning")) == (488, '305 offhook "no codec"')
    line.says(request("ACK", branch="r2", cseq=2, to=line.to))
    line.asks("INVITE", headers=["Content-Type: application/sdp"], body="offer")
    assert len(line.side.of(OfferReceived)) == 2


def test_a_connection_that_breaks_after_a_refusal_is_no_second_refusal() -> None:
    line = Standing()
    line.endpoint.reinvite(line.call, b"offer", 0.0)
    line.wire.settle()
    invite = parse(line.sent[-1])
    assert isinstance(invite, Request)
    line.says(bytes(invite.response(488, to_tag="x")))
    line.endpoint.transport_failed(PEER, 0.0)
    line.wire.settle()
    assert line.side.one(OfferRefused).code == 488
