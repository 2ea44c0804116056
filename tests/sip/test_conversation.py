"""Requests within a call, against a peer played by hand."""

from __future__ import annotations

import pytest

from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import CallEnded, EndCause, IncomingCall, OfferAnswered, OfferReceived
from tests.sip.raw import Line, request


class Standing(Line):
    """A call that came in and stands."""

    def __init__(self) -> None:
        super().__init__()
        self.says(request())
        self.call = self.side.one(IncomingCall).call
        self.endpoint.answer(self.call, b"v=0", 0.0)
        self.wire.settle()
        self.to = self.last().get("to") or ""
        self.says(request("ACK", branch="ack", to=self.to))
        self.hears()
        self.number = 1

    def asks(self, method: str, **more: object) -> None:
        self.number += 1
        self.says(request(method, branch=f"r{self.number}", cseq=self.number, to=self.to, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "answer"),
    [("UPDATE", "405 UPDATE"), ("OPTIONS", "200 OPTIONS"), ("INFO", "200 INFO"), ("BYE", "200 BYE")],
)
def test_requests_in_a_call_are_answered(method: str, answer: str) -> None:
    line = Standing()
    line.asks(method)
    assert line.hears() == [answer]


def test_a_request_out_of_order_is_refused() -> None:
    line = Standing()
    line.says(request("INFO", branch="old", cseq=1, to=line.to))
    assert line.hears() == ["500 INFO"]


def test_a_repeated_bye_is_answered_again() -> None:
    line = Standing()
    line.asks("BYE")
    line.number -= 1
    line.asks("BYE")
    assert line.hears() == ["200 BYE", "200 BYE"]
    assert line.side.one(CallEnded).cause is EndCause.BYE


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
