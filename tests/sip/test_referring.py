"""Our REFER, and what the far end tells of it."""

from __future__ import annotations

import pytest

from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import CallHandle, IncomingCall, ReferReceived, ReferTold
from offhook.sip.settings import SipSettings
from offhook.sip.signalling import Invitation
from offhook.sip.testing import Wire
from tests.sip.raw import request
from tests.sip.test_conversation import Standing


def standing(**settings: float) -> tuple[Wire, CallHandle]:
    """A call from left to right, and its handle on the left."""
    wire = Wire(SipSettings(user_agent="", **settings))  # type: ignore[arg-type]
    call = wire.left.endpoint.invite(
        Invitation(target="sip:b@192.0.2.2", from_uri="sip:a@192.0.2.1", sdp=b"v=0"), wire.now
    )
    wire.run(0.1)
    wire.right.endpoint.answer(wire.right.one(IncomingCall).call, b"v=0", wire.now)
    wire.run(0.1)
    return wire, call


def test_the_far_end_tells_what_came_of_it() -> None:
    wire, call = standing()
    assert wire.left.endpoint.allows(call, "REFER")
    wire.left.endpoint.refer(call, "<sip:c@192.0.2.3>", wire.now, [("Referred-By", "<sip:d@192.0.2.4>")])
    wire.run(0.1)
    asked = wire.right.one(ReferReceived)
    assert (asked.refer_to.uri.user, asked.request.get("referred-by")) == ("c", "<sip:d@192.0.2.4>")
    with pytest.raises(LocalProtocolError):
        wire.left.endpoint.refer(call, "<sip:c@192.0.2.3>", wire.now)
    wire.right.endpoint.accept_refer(asked.handle, wire.now)
    for code in (100, 180, 200):
        wire.right.endpoint.tell_refer(asked.handle, code, wire.now)
    wire.run(0.2)
    assert wire.left.one(ReferTold) == ReferTold(call=call, code=200, taken=True)
    wire.left.endpoint.hangup(call, wire.now)
    wire.run()
    assert wire.idle


def test_a_far_end_that_does_not_do_it_says_so() -> None:
    wire, call = standing()
    wire.left.endpoint.refer(call, "<sip:c@192.0.2.3>", wire.now)
    wire.run(0.1)
    wire.right.endpoint.refuse_refer(wire.right.one(ReferReceived).handle, 603, wire.now)
    wire.run(0.1)
    assert wire.left.one(ReferTold) == ReferTold(call=call, code=603, taken=False)
    assert wire.left.endpoint.sizes()["referrals"] == 0


def test_silence_ends_it_and_so_does_the_end_of_the_call() -> None:
    wire, call = standing(refer_limit=30.0)
    wire.left.endpoint.refer(call, "<sip:c@192.0.2.3>", wire.now)
    wire.run(0.1)
    wire.right.endpoint.accept_refer(wire.right.one(ReferReceived).handle, wire.now)
    wire.run(31.0)
    assert wire.left.one(ReferTold).code == 408
    wire.left.endpoint.refer(call, "<sip:c@192.0.2.3>", wire.now)
    wire.left.endpoint.hangup(call, wire.now)
    wire.run(5.0)
    assert len(wire.left.of(ReferTold)) == 1
    assert wire.left.endpoint.sizes()["referrals"] == 0
    wire.left.endpoint.refer(call, "<sip:c@192.0.2.3>", wire.now)
    assert not wire.left.endpoint.allows(call, "REFER")


def test_notifies_that_nobody_asked_for_are_refused() -> None:
    line = Standing()
    line.asks("NOTIFY", headers=["Event: refer", "Subscription-State: active"])
    line.asks("NOTIFY", headers=["Event: presence", "Subscription-State: active"])
    line.asks("NOTIFY")
    assert line.hears() == ["481 NOTIFY", "481 NOTIFY", "489 NOTIFY"]
    line.says(request("NOTIFY", call_id="x", branch="x", to="<sip:b@b>;tag=1", headers=["Event: refer"]))
    assert line.hears() == ["481 NOTIFY"]


def test_a_subscription_that_ends_without_a_status_counts_as_no_answer() -> None:
    line = Standing()
    line.endpoint.refer(line.call, "<sip:c@192.0.2.3>", 0.0)
    line.wire.settle()
    line.asks("NOTIFY", headers=["Event: refer", "Subscription-State: active"], body="SIP/2.0 180 Ringing")
    assert line.side.of(ReferTold) == []
    line.asks("NOTIFY", headers=["Event: refer", "Subscription-State: terminated;reason=timeout"])
    assert line.side.one(ReferTold).code == 408
