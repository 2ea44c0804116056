"""REFER and its NOTIFYs, against a peer played by hand and between two endpoints on a bad line."""

from __future__ import annotations

from offhook.sip.events import CallEnded, IncomingCall, ReferReceived, SubscriptionEnded
from offhook.sip.message import Request, parse
from tests.sip.raw import request
from tests.sip.test_conversation import Standing

REFER = ["Refer-To: <sip:2001@192.0.2.2>"]


class Referred(Standing):
    """A call in which the far end asked for a transfer."""

    def refer(self, *headers: str) -> ReferReceived:
        self.asks("REFER", headers=[*REFER, *headers])
        return self.side.of(ReferReceived)[-1]

    def notify(self) -> Request:
        """The last message that we sent, a NOTIFY."""
        message = parse(self.sent[-1])
        assert isinstance(message, Request)
        assert message.method == "NOTIFY"
        return message

    def takes(self, status: int = 200) -> None:
        """The far end answers the NOTIFY."""
        self.says(bytes(self.notify().response(status)))
        self.wire.settle()


def test_a_transfer_is_accepted_told_of_and_done() -> None:
    line = Referred()
    refer = line.refer()
    assert (refer.call, refer.refer_to.uri.user) == (line.call, "2001")
    line.endpoint.accept_refer(refer.handle, 0.0)
    line.endpoint.tell_refer(refer.handle, 100, 0.0)
    assert line.hears() == ["202 REFER", "NOTIFY"]
    notify = line.notify()
    assert (notify.get("event"), notify.get("subscription-state")) == ("refer", "active;expires=300")
    assert (notify.get("content-type"), notify.body) == ("message/sipfrag;version=2.0", b"SIP/2.0 100 Trying\r\n")
    line.endpoint.tell_refer(refer.handle, 180, 0.0)
    assert line.hears() == [], "one at a time"
    line.takes()
    assert line.notify().body == b"SIP/2.0 180 Ringing\r\n"
    line.takes()
    line.endpoint.tell_refer(refer.handle, 200, 0.0)
    line.wire.settle()
    assert line.notify().get("subscription-state") == "terminated;reason=noresource"
    line.takes()
    assert line.endpoint.sizes()["subscriptions"] == line.endpoint.sizes()["notifies"] == 0
    line.side.one(SubscriptionEnded)


def test_a_refused_refer_leaves_the_call_as_it_was() -> None:
    line = Referred()
    refer = line.refer()
    line.endpoint.refuse_refer(refer.handle, 603, 0.0)
    line.endpoint.tell_refer(refer.handle, 200, 0.0)
    line.asks("OPTIONS")
    assert line.hears() == ["603 REFER", "200 OPTIONS"]


def test_who_wants_no_subscription_gets_no_notify() -> None:
    line = Referred()
    refer = line.refer("Refer-Sub: false")
    line.endpoint.accept_refer(refer.handle, 0.0)
    line.endpoint.tell_refer(refer.handle, 200, 0.0)
    assert line.hears() == ["202 REFER"]
    assert line.last().get("refer-sub") == "false"
    assert line.endpoint.sizes()["subscriptions"] == 0


def test_a_refer_that_nobody_decides_on_is_refused_in_the_end() -> None:
    line = Referred()
    line.refer()
    line.wire.run(11.0)
    assert line.hears() == ["500 REFER"]
    assert line.endpoint.sizes()["openings"] == 0


def test_a_refer_that_cannot_be_read_is_refused() -> None:
    line = Referred()
    line.asks("REFER")
    line.asks("REFER", headers=["Refer-To: <mailto:a@b.test>"])
    assert line.hears() == ["400 REFER", "416 REFER"]
    assert line.side.of(ReferReceived) == []


def test_a_second_refer_in_a_dialog_is_told_apart_by_its_number() -> None:
    line = Referred()
    first = line.refer()
    line.endpoint.refuse_refer(first.handle, 486, 0.0)
    second = line.refer()
    line.endpoint.accept_refer(second.handle, 0.0)
    line.endpoint.tell_refer(second.handle, 100, 0.0)
    line.wire.settle()
    assert line.notify().get("event") == f"refer;id={line.number}"


def test_a_phone_that_hangs_up_after_its_refer_still_learns_what_came_of_it() -> None:
    line = Referred()
    refer = line.refer()
    line.endpoint.accept_refer(refer.handle, 0.0)
    line.endpoint.tell_refer(refer.handle, 100, 0.0)
    line.wire.settle()
    line.takes()
    line.asks("BYE")
    line.side.one(CallEnded)
    line.endpoint.tell_refer(refer.handle, 200, 0.0)
    line.wire.settle()
    assert line.notify().body == b"SIP/2.0 200 OK\r\n"
    line.takes()
    line.wire.run()
    assert line.endpoint.idle


def test_the_subscriber_may_refresh_and_end_also_after_its_call() -> None:
    line = Referred()
    refer = line.refer()
    line.endpoint.accept_refer(refer.handle, 0.0)
    line.endpoint.tell_refer(refer.handle, 100, 0.0)
    line.wire.settle()
    line.takes()
    line.asks("BYE")
    line.hears()
    line.asks("SUBSCRIBE", headers=["Event: refer", "Expires: 10"])
    assert line.hears() == ["423 SUBSCRIBE"]
    line.asks("SUBSCRIBE", headers=["Event: refer", "Expires: 100"])
    assert line.hears() == ["200 SUBSCRIBE", "NOTIFY"]
    assert line.notify().get("subscription-state") == "active;expires=100"
    line.takes()
    line.asks("SUBSCRIBE", headers=["Event: presence"])
    assert line.hears() == ["481 SUBSCRIBE"]
    line.asks("SUBSCRIBE", headers=["Event: refer", "Expires: 0"])
    assert line.hears() == ["200 SUBSCRIBE", "NOTIFY"]
    assert line.notify().get("subscription-state") == "terminated;reason=timeout"
    line.takes()
    line.asks("SUBSCRIBE", headers=["Event: refer"])
    assert line.hears() == ["481 SUBSCRIBE"]


def test_a_subscriber_that_does_not_know_its_subscription_is_left_alone() -> None:
    line = Referred()
    refer = line.refer()
    line.endpoint.accept_refer(refer.handle, 0.0)
    line.endpoint.tell_refer(refer.handle, 100, 0.0)
    line.wire.settle()
    line.takes(481)
    line.endpoint.tell_refer(refer.handle, 200, 0.0)
    assert line.hears() == ["202 REFER", "NOTIFY"]
    assert line.endpoint.sizes()["subscriptions"] == 0


def test_a_transfer_without_end_is_ended() -> None:
    line = Referred()
    refer = line.refer()
    line.endpoint.accept_refer(refer.handle, 0.0)
    line.endpoint.tell_refer(refer.handle, 100, 0.0)
    line.wire.settle()
    line.takes()
    line.wire.run(301.0)
    assert line.notify().get("subscription-state") == "terminated;reason=timeout"


def test_an_endpoint_that_stops_keeps_no_subscription() -> None:
    line = Referred()
    refer = line.refer()
    line.endpoint.accept_refer(refer.handle, 0.0)
    line.endpoint.tell_refer(refer.handle, 100, 0.0)
    line.wire.settle()
    line.takes()
    line.endpoint.end_all(0.0)
    line.wire.settle()
    assert "Subscription-State: terminated;reason=deactivated" in line.sent[-1].decode()
    assert line.endpoint.sizes()["subscriptions"] == 0


def test_a_refer_before_the_answer_or_outside_a_call_is_refused() -> None:
    line = Standing()
    line.says(request("INVITE", call_id="c2", branch="second"))
    ringing = line.side.of(IncomingCall)[-1]
    line.endpoint.ring(ringing.call, 0.0)
    line.wire.settle()
    to = line.last().get("to") or ""
    line.says(request("REFER", call_id="c2", branch="third", cseq=2, to=to, headers=REFER))
    assert line.hears()[-1] == "481 REFER"
