from __future__ import annotations

from dataclasses import replace

import pytest

from offhook.calls.events import CallEnded, CallFacts, CallProgressed, Heard
from offhook.ops.ladders import Ladders
from offhook.sip.flow import HostPort
from offhook.sip.settings import SipSettings
from offhook.vocabulary.clock import FrozenClock
from tests.sip.capture.messages import CALLEE, CALLER, request, response
from tests.support.facts import call, created, ended


class Kept:
    """Ladders with a clock that stands still."""

    def __init__(self, **settings: float) -> None:
        self.clock = FrozenClock()
        self.ladders = Ladders(SipSettings(**settings), clock=self.clock)
        self.ladders.local_address = lambda peer: HostPort("192.0.2.1", 5060)

    def shown(self, facts: CallFacts) -> list[tuple[str, str]]:
        """Leg and summary of every message."""
        ladder = self.ladders.of(facts)
        return [] if ladder is None else [(message.leg[-1], message.summary) for message in ladder.messages]


def incoming(number: int = 1, call_id: str = "one@x") -> CallFacts:
    return call(number, sip_call_id=call_id)


def test_what_passed_before_the_call_existed_belongs_to_it_too() -> None:
    kept = Kept()
    kept.ladders.received(request("INVITE"), CALLER)
    kept.clock.advance(0.01)
    kept.ladders.sent(response("401 Unauthorized"), CALLER)
    facts = incoming()
    assert kept.shown(facts) == []
    kept.ladders.hear(created(facts))
    kept.clock.advance(0.5)
    kept.ladders.received(request("INVITE"), CALLER)
    assert kept.shown(facts) == [("1", "INVITE"), ("1", "401 Unauthorized (INVITE)"), ("1", "INVITE")]
    ladder = kept.ladders.of(facts)
    assert ladder is not None
    assert ladder.messages[0].at == kept.clock.utc() - (kept.clock.utc() - FrozenClock().utc())
    assert (ladder.messages[2].at - ladder.messages[0].at).total_seconds() == pytest.approx(0.51)


def test_a_call_shows_those_that_it_rang_and_each_of_them_its_caller() -> None:
    kept = Kept()
    parent = incoming()
    kept.ladders.received(request("INVITE"), CALLER)
    kept.ladders.hear(created(parent))
    children = [call(number, parent_sid=parent.sid) for number in (2, 3)]
    for child in children:
        kept.ladders.hear(created(child))
        kept.clock.advance(0.1)
        name = f"leg{child.sid[-1]}"
        kept.ladders.sent(request("INVITE", name), CALLEE)
        rung = replace(child, sip_call_id=name, sip_call_ids=(name,))
        assert kept.shown(rung)[-1] == (child.sid[-1], "INVITE"), "before anything came back"
        kept.ladders.hear(CallProgressed(call=rung, at=child.created_at))
    assert kept.shown(parent) == [("1", "INVITE"), ("2", "INVITE"), ("3", "INVITE")]
    assert kept.shown(children[1]) == [("1", "INVITE"), ("3", "INVITE")]


def test_a_call_that_rings_several_devices_shows_all_of_them() -> None:
    kept = Kept()
    for name in ("a", "b"):
        kept.ladders.sent(request("INVITE", name), CALLEE)
    kept.ladders.hear(created(call(1)))
    kept.ladders.hear(ended(call(1, sip_call_id="b", sip_call_ids=("a", "b"))))
    kept.ladders.received(response("200 OK", "CANCEL", "a"), CALLEE)
    assert len(kept.shown(call(1))) == 3


def test_a_ladder_goes_some_time_after_the_end_of_its_call() -> None:
    kept = Kept(ladder_keep=60.0)
    kept.ladders.received(request("INVITE"), CALLER)
    kept.ladders.hear(created(incoming()))
    kept.ladders.hear(ended(incoming()))
    kept.clock.advance(59)
    kept.ladders.received(request("BYE"), CALLER)
    assert [summary for _, summary in kept.shown(incoming())] == ["INVITE", "BYE"]
    kept.clock.advance(1)
    assert kept.ladders.of(incoming()) is None
    assert kept.ladders.memory == 0
    kept.ladders.received(request("BYE"), CALLER)
    assert kept.ladders.memory == 0, "nobody's message"


def test_only_invites_begin_a_ladder() -> None:
    kept = Kept()
    for method in ("REGISTER", "OPTIONS", "BYE", "ACK"):
        kept.ladders.received(request(method), CALLER)
    kept.ladders.received(b"INVITE sip:x SIP/2.0\r\n\r\n", CALLER)
    kept.ladders.received(b"\xff\x00", CALLER)
    assert kept.ladders.memory == 0


def test_long_messages_are_cut_and_many_lose_their_middle() -> None:
    kept = Kept(ladder_bytes=100, ladder_messages=4)
    kept.ladders.hear(created(incoming()))
    for _ in range(6):
        kept.ladders.received(request("INVITE"), CALLER)
    ladder = kept.ladders.of(incoming())
    assert ladder is not None
    assert (len(ladder.messages), ladder.dropped) == (4, 2)
    assert [(len(message.data), message.size) for message in ladder.messages] == [(100, len(request("INVITE")))] * 4
    assert kept.ladders.memory == 400


def test_when_memory_is_full_strangers_go_first_then_ended_calls_then_the_oldest() -> None:
    size = len(request("INVITE", "0"))
    kept = Kept(ladder_memory=3 * size)
    calls = [incoming(number, str(number)) for number in range(4)]
    for facts in calls[:2]:
        kept.ladders.received(request("INVITE", facts.sip_call_id or ""), CALLER)
        kept.ladders.hear(created(facts))
    kept.ladders.hear(ended(calls[1]))
    kept.ladders.received(request("INVITE", "s"), CALLER)

    def alive() -> list[int]:
        return [number for number, facts in enumerate(calls) if kept.ladders.of(facts) is not None]

    kept.ladders.hear(created(calls[2]))
    kept.ladders.received(request("INVITE", "2"), CALLER)
    assert alive() == [0, 1, 2], "the stranger went"
    kept.ladders.hear(created(calls[3]))
    kept.ladders.received(request("INVITE", "3"), CALLER)
    assert alive() == [0, 2, 3], "the call that had ended went"
    kept.ladders.received(request("INVITE", "3"), CALLER)
    assert alive() == [2, 3], "the oldest went"
    kept.ladders.hear(ended(calls[0]))
    assert alive() == [2, 3], "and does not come back"
    assert kept.ladders.memory == 3 * size


def test_invites_that_become_no_call_are_bounded() -> None:
    kept = Kept()
    for number in range(2_100):
        kept.ladders.received(request("INVITE", f"{number:04}"), CALLER)
    assert kept.ladders.memory == 2_000 * len(request("INVITE", "0000"))


def test_events_that_are_not_of_the_life_of_a_call_are_ignored() -> None:
    kept = Kept()
    facts = incoming()
    kept.ladders.hear(
        Heard(call_sid=facts.sid, account_sid=facts.account_sid, what="say", text="", at=facts.created_at)
    )
    kept.ladders.hear(CallEnded(call=facts, at=facts.created_at))
    assert kept.ladders.of(facts) is None
