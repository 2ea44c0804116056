"""Calls and their events, for tests that listen to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from offhook.calls.events import CallCreated, CallEnded, CallFacts, CallProgressed, StatusCallback
from offhook.vocabulary.statuses import CallStatus, Direction
from tests.support.databases import CHILD, NOW

CALLBACK = StatusCallback(
    url="http://app.example.org/status", events=frozenset({"initiated", "ringing", "answered", "completed"})
)


def call(number: int = 1, **changes) -> CallFacts:
    """A call that has just come in."""
    facts = CallFacts(
        sid=f"CA{number:032x}",
        account_sid=CHILD,
        direction=Direction.INBOUND,
        from_="+14155550100",
        to="1000",
        status=CallStatus.RINGING,
        created_at=NOW,
        node="one",
    )
    return replace(facts, **changes)


def created(facts: CallFacts) -> CallCreated:
    return CallCreated(call=facts, at=facts.created_at)


def answered(facts: CallFacts) -> CallProgressed:
    at = facts.created_at + timedelta(seconds=1)
    return CallProgressed(call=replace(facts, status=CallStatus.IN_PROGRESS, answered_at=at), at=at)


def ended(facts: CallFacts, seconds: int = 10) -> CallEnded:
    at = facts.created_at + timedelta(seconds=1 + seconds)
    final = replace(answered(facts).call, status=CallStatus.COMPLETED, ended_at=at, duration=seconds)
    return CallEnded(call=final, at=at)
