from __future__ import annotations

from offhook.sip.dialog import Dialog
from offhook.sip.events import SubscriptionHandle
from offhook.sip.flow import Flow, Transport
from offhook.sip.packages import EventName, Termination
from offhook.sip.subscription import MAX_STEPS, Subscription


def subscription(*, steps: bool) -> Subscription:
    dialog = Dialog(
        call_id="c", local="<sip:a@a>;tag=1", remote="<sip:b@b>;tag=2", local_tag="1", remote_tag="2", routes=[],
        target="sip:b@b", flow=Flow(Transport.UDP, "192.0.2.1", 5060), is_caller=False, direct=True,
    )  # fmt: skip
    event = EventName(package="refer" if steps else "presence")
    return Subscription(SubscriptionHandle(1), dialog, event, expires_at=60.0, steps=steps)


def say(one: Subscription, text: str) -> None:
    one.tell("text/plain", lambda count: f"{count} {text}".encode())


def test_steps_are_told_in_order_and_one_at_a_time() -> None:
    one = subscription(steps=True)
    say(one, "trying")
    first = one.next(0.0)
    assert first is not None
    assert (first.state, first.body, first.last) == ("active;expires=60", b"0 trying", False)
    say(one, "ringing")
    say(one, "ok")
    one.end(Termination.NORESOURCE)
    assert one.next(1.0) is None, "the first is not answered yet"
    one.delivered()
    second = one.next(1.0)
    assert second is not None
    assert (second.body, second.last) == (b"1 ringing", False)
    one.delivered()
    third = one.next(2.0)
    assert third is not None
    assert (third.state, third.body, third.last) == ("terminated;reason=noresource", b"2 ok", True)
    one.delivered()
    assert one.over
    assert one.next(3.0) is None


def test_of_states_only_the_newest_waits() -> None:
    one = subscription(steps=False)
    for text in ("idle", "ringing", "talking"):
        say(one, text)
        one.next(0.0)
    one.delivered()
    second = one.next(30.0)
    assert second is not None
    assert (second.state, second.body) == ("active;expires=30", b"1 talking")


def test_steps_that_nobody_takes_are_bounded() -> None:
    one = subscription(steps=True)
    for number in range(50):
        say(one, str(number))
    told = 0
    while one.next(0.0) is not None:
        told += 1
        one.delivered()
    assert told == MAX_STEPS


def test_a_refresh_repeats_the_state_and_the_end_repeats_it_too() -> None:
    one = subscription(steps=False)
    say(one, "idle")
    one.next(0.0)
    one.delivered()
    one.repeat()
    again = one.next(0.0)
    assert again is not None
    assert again.body == b"1 idle"
    one.delivered()
    one.end(Termination.TIMEOUT)
    one.end(Termination.DEACTIVATED)
    last = one.next(0.0)
    assert last is not None
    assert (last.state, last.body, last.last) == ("terminated;reason=timeout", b"2 idle", True)
    say(one, "late")
    one.delivered()
    assert one.next(0.0) is None


def test_a_lost_subscriber_is_told_nothing_more() -> None:
    one = subscription(steps=True)
    say(one, "trying")
    one.next(0.0)
    say(one, "ringing")
    one.lost()
    assert one.over
    assert one.next(0.0) is None
