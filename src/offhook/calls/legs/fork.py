"""Several far ends that ring as one leg: the devices of a client. The first answer wins, the others are dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import assert_never

from offhook.calls.leg import (
    ANSWERED_ELSEWHERE,
    Destination,
    DialogName,
    Leg,
    LegAnswered,
    LegDigit,
    LegEnded,
    LegEvent,
    LegFailed,
    LegHeld,
    LegReferred,
    LegRinging,
    OutgoingLeg,
)
from offhook.calls.legs.composed import ComposedLeg
from offhook.media.session import MediaSession

_WEIGHTS = {486: 3, 600: 4, 603: 4, 408: 2}
"""Of refusals, so that the most telling of several is reported (RFC 3261 section 16.7 in spirit: a human's no first)."""


def by_device(destinations: Sequence[Destination]) -> list[list[Destination]]:
    """The ways to each device; a destination that names none is one of its own."""
    ways: dict[str | int, list[Destination]] = {}
    for number, destination in enumerate(destinations):
        ways.setdefault(destination.device or number, []).append(destination)
    return list(ways.values())


class ForkedLeg(ComposedLeg):
    """One leg over many. Before the answer it reports only ringing, with the early media of the branch that spoke last;
    after it, it is the winner.
    """

    def __init__(self, branches: Sequence[OutgoingLeg]) -> None:
        super().__init__()
        self._branches = list(branches)
        self._alive = set(range(len(self._branches)))
        self._winner: OutgoingLeg | None = None
        self._heard: OutgoingLeg | None = None
        """The branch whose early media came last."""
        self._refusal: LegEnded | None = None
        for index, branch in enumerate(self._branches):
            branch.listen(partial(self._hear, index))

    @property
    def media(self) -> MediaSession:
        return (self._winner or self._heard or self._branches[0]).media

    @property
    def call_id(self) -> str | None:
        return (self._winner or self._branches[0]).call_id

    @property
    def call_ids(self) -> tuple[str, ...]:
        return tuple(name for branch in self._branches for name in branch.call_ids)

    @property
    def dialog(self) -> DialogName | None:
        return (self._winner or self._branches[0]).dialog

    def includes(self, leg: Leg) -> bool:
        return leg is self or any(branch.includes(leg) for branch in self._branches)

    def label(self, headers: Sequence[tuple[str, str]]) -> None:
        for branch in self._branches:
            branch.label(headers)

    async def invite(self) -> None:
        """Ring all at once; one that cannot be rung is out, and only when none can the last failure is raised."""
        outcomes = await asyncio.gather(*(branch.invite() for branch in self._branches), return_exceptions=True)
        failures: list[LegFailed] = []
        for index, outcome in enumerate(outcomes):
            if isinstance(outcome, LegFailed):
                failures.append(outcome)
                self._alive.discard(index)
            elif isinstance(outcome, BaseException):
                raise outcome
        if failures and not self._alive and not self._ended:
            raise failures[-1]

    def _drop_all(self, reason: str) -> None:
        for branch in self._branches:
            branch.drop(reason)

    def leave(self, reason: str = "") -> None:
        (self._winner or self._branches[0]).leave(reason)

    async def transfer(self, uri: str, referred_by: str | None) -> int | None:
        return await (self._winner or self._branches[0]).transfer(uri, referred_by)

    async def closed(self) -> None:
        for branch in self._branches:
            await branch.closed()

    def _hear(self, index: int, event: LegEvent) -> None:
        if self._ended:
            return
        branch = self._branches[index]
        if self._winner is not None:
            if branch is self._winner:
                self._ended = isinstance(event, LegEnded)
                self._listener(event)
            return
        match event:
            case LegRinging(early_media=early):
                if early:
                    self._heard = branch
                self._listener(event)
            case LegAnswered():
                self._winner = branch
                for other in self._branches:
                    if other is not branch:
                        other.drop(ANSWERED_ELSEWHERE)
                self._listener(event)
            case LegEnded():
                self._alive.discard(index)
                if branch is self._heard:
                    self._heard = None
                if self._refusal is None or _weight(event) > _weight(self._refusal):
                    self._refusal = event
                if not self._alive:
                    self._ended = True
                    self._listener(self._refusal)
            case LegDigit() | LegHeld():
                self._listener(event)
            case LegReferred(referral=referral):
                referral.refuse(603)  # before the answer there is nobody to be transferred
            case never:
                assert_never(never)


def _weight(event: LegEnded) -> int:
    return _WEIGHTS.get(event.sip_code or 0, 1)
