"""REFER and its NOTIFYs, against a peer played by hand and between two endpoints on a bad line."""

from __future__ import annotations

import itertools

import pytest

from offhook.sip.events import (
    CallEnded,
    IncomingCall,
    ReferReceived,
    SubscribeReceived,
    SubscriptionEnded,
    SubscriptionHandle,
)
from offhook.sip.message import Request, parse
from offhook.sip.packages import Termination
from offhook.sip.refer import TargetDialog
from offhook.sip.settings import SipSettings
from offhook.sip.signalling import Invitation
from offhook.sip.testing import Wire
from tests.sip.raw import Line, request
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


# Outside of dialogs

EVENTS = ["Event: presence", "Expires: 600"]


class Watched(Referred):
    """Somebody subscribes to something."""

    def __init__(self) -> None:
        Line.__init__(self)

    def subscribe(self, *headers: str, **more: object) -> SubscribeReceived | None:
        self.number = getattr(self, "number", 0) + 1
        data = request("SUBSCRIBE", call_id=f"s{self.number}", branch=f"s{self.number}", headers=headers, **more)  # type: ignore[arg-type]
        self.says(data)
        return self.side.of(SubscribeReceived)[-1] if self.side.of(SubscribeReceived) else None

    def tell(self, handle: SubscriptionHandle, text: str) -> None:
        self.endpoint.notify(handle, "text/plain", lambda count: f"{count} {text}".encode(), 0.0)
        self.wire.settle()


def test_a_state_is_told_at_once_when_it_changes_and_when_it_is_asked_for() -> None:
    line = Watched()
    event = line.subscribe(*EVENTS)
    assert event is not None
    line.endpoint.accept_subscription(event.handle, 0.0)
    line.wire.settle()
    accepted = line.last()
    assert (accepted.status, accepted.get("expires"), accepted.to_tag != "") == (200, "600", True)
    line.tell(event.handle, "idle")
    notify = line.notify()
    assert (notify.get("subscription-state"), notify.body) == ("active;expires=600", b"0 idle")
    assert notify.from_tag == accepted.to_tag
    line.takes()
    line.tell(event.handle, "busy")
    assert line.notify().body == b"1 busy"
    line.takes()
    to = accepted.get("to") or ""
    line.says(request("SUBSCRIBE", call_id="s1", branch="again", cseq=2, to=to, headers=["Event: presence"]))
    assert line.notify().body == b"2 busy"
    line.takes()
    line.says(request("SUBSCRIBE", call_id="s1", branch="no", cseq=3, to=to, headers=["Event: presence", "Expires: 0"]))
    assert line.notify().get("subscription-state") == "terminated;reason=timeout"
    line.takes()
    line.side.one(SubscriptionEnded)
    line.wire.run()
    assert line.endpoint.idle


def test_a_state_may_be_asked_for_once() -> None:
    line = Watched()
    event = line.subscribe("Event: presence", "Expires: 0")
    assert event is not None
    line.endpoint.accept_subscription(event.handle, 0.0)
    line.tell(event.handle, "idle")
    notify = line.notify()
    assert (notify.get("subscription-state"), notify.body) == ("terminated;reason=timeout", b"0 idle")
    line.takes()
    assert line.endpoint.sizes()["subscriptions"] == 0


def test_a_subscription_runs_out_and_may_be_ended_by_us() -> None:
    for how in ("time", "us"):
        line = Watched()
        event = line.subscribe(*EVENTS)
        assert event is not None
        line.endpoint.accept_subscription(event.handle, 0.0)
        line.tell(event.handle, "idle")
        line.takes()
        if how == "time":
            line.wire.run(601.0)
        else:
            line.endpoint.end_subscription(event.handle, Termination.DEACTIVATED, 0.0)
            line.wire.settle()
        reason = "timeout" if how == "time" else "deactivated"
        assert line.notify().get("subscription-state") == f"terminated;reason={reason}"


@pytest.mark.parametrize(
    ("headers", "status", "header"),
    [
        (["Event: dance"], 489, ("allow-events", "dialog, presence, message-summary, refer")),
        ([], 489, None),
        (["Event: refer"], 489, None),
        (["Event: presence", "Expires: 59"], 423, ("min-expires", "60")),
    ],
)
def test_what_cannot_be_subscribed_to_is_refused(
    headers: list[str], status: int, header: tuple[str, str] | None
) -> None:
    line = Watched()
    assert line.subscribe(*headers) is None
    assert line.last().status == status
    assert header is None or line.last().get(header[0]) == header[1]


def test_a_subscription_may_be_refused_challenged_or_forgotten() -> None:
    line = Watched()
    for decide, status in (
        (lambda handle: line.endpoint.refuse_subscription(handle, 404, 0.0), 404),
        (lambda handle: line.endpoint.challenge(handle, ["Digest a"], 0.0), 401),
        (lambda handle: line.wire.run(11.0), 500),
    ):
        event = line.subscribe(*EVENTS)
        assert event is not None
        decide(event.handle)
        line.wire.settle()
        assert line.last().status == status
    assert line.endpoint.sizes()["openings"] == 0


def test_subscriptions_are_bounded() -> None:
    line = Watched()
    line.wire = Wire(SipSettings(max_subscriptions=2))
    Line.__init__(line, line.wire)
    for _ in range(3):
        line.subscribe(*EVENTS)
    assert line.hears() == ["503 SUBSCRIBE"]


def test_a_refer_outside_of_dialogs_says_which_one_it_is_about() -> None:
    line = Watched()
    line.says(request("REFER", call_id="r1", headers=[*REFER, "Target-Dialog: c1;local-tag=theirs;remote-tag=ours"]))
    refer = line.side.one(ReferReceived)
    assert (refer.call, refer.about) == (None, TargetDialog(call_id="c1", local_tag="theirs", remote_tag="ours"))
    line.endpoint.accept_refer(refer.handle, 0.0)
    line.endpoint.tell_refer(refer.handle, 100, 0.0)
    assert line.hears() == ["202 REFER", "NOTIFY"]
    line.takes()
    line.says(request("REFER", call_id="r2", branch="2", headers=REFER))
    assert line.side.of(ReferReceived)[-1].about is None
    line.says(request("REFER", call_id="r3", branch="3", headers=[*REFER, "Target-Dialog: x"]))
    assert line.hears() == ["400 REFER"]


def test_a_refer_crosses_a_line_that_loses_every_third_message() -> None:
    wire = Wire(SipSettings(user_agent=""))
    left, right = wire.left, wire.right
    lost = itertools.cycle([[0.05], [0.05], []])
    wire.fate = lambda _data: next(lost)
    call = left.endpoint.invite(Invitation(target="sip:b@192.0.2.2", from_uri="sip:a@192.0.2.1", sdp=b"v=0"), wire.now)
    wire.run(5.0)
    right.endpoint.answer(right.one(IncomingCall).call, b"v=0", wire.now)
    wire.run(10.0)
    assert left.endpoint.names(call) is not None
    agent = left.endpoint._agent
    refers: list[int] = []
    agent.ask(
        agent.calls[call],
        "REFER",
        wire.now,
        lambda response, _at: refers.append(0 if response is None else response.status),
        headers=[("Refer-To", "<sip:2001@192.0.2.2>")],
    )
    wire.run(5.0)
    handle = right.one(ReferReceived).handle
    right.endpoint.accept_refer(handle, wire.now)
    for code in (100, 180, 200):
        right.endpoint.tell_refer(handle, code, wire.now)
    wire.run(60.0)
    assert refers == [202]
    assert right.endpoint.sizes()["subscriptions"] == 0


def test_a_refer_that_crosses_our_bye_is_too_late_and_one_that_theirs_follows_is_told_of() -> None:
    line = Referred()
    line.endpoint.hangup(line.call, 0.0)
    line.asks("REFER", headers=REFER)
    assert line.hears() == ["BYE", "481 REFER"]
    line = Referred()
    refer = line.refer()
    line.asks("BYE")
    line.endpoint.accept_refer(refer.handle, 0.0)
    line.endpoint.tell_refer(refer.handle, 486, 0.0)
    assert line.hears() == ["200 BYE", "202 REFER", "NOTIFY"]
    assert line.notify().body == b"SIP/2.0 486 Busy Here\r\n"
    line.takes()
    line.wire.run()
    assert line.endpoint.idle
