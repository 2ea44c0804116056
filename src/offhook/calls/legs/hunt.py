"""One leg that tries one gateway after the other, in the same call, until one takes it.

A gateway that says nothing, nothing more than 100, cannot be reached or answers 5xx is passed over. What a callee says (busy, declined, no such
number: 4xx and 6xx) is the end: another gateway would reach the same callee.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, assert_never

import structlog

from offhook.calls.leg import (
    Channel,
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

log = structlog.get_logger(__name__)

Spawn = Callable[[Coroutine[Any, Any, None]], None]


_NOT_FOUND_OUT = 503
"""Of an attempt that came to nothing because the name of the gateway leads nowhere now; anything else is our own trouble."""
_FLOW_FAILED = 430
"""The proxy before a device has lost this way to it (RFC 5626 §5.3)."""


class HuntingLeg(ComposedLeg):
    """One leg over many that are made one by one. It is the one that is tried now; the others are forgotten."""

    def __init__(
        self, destinations: Sequence[Destination], make: Callable[[Destination], OutgoingLeg], spawn: Spawn
    ) -> None:
        """``destinations``: at least one, in the order of the attempts. Raises ``LegFailed`` as ``make`` does."""
        super().__init__()
        *others, last = destinations
        self._waiting = deque([*(replace(each, spare=True) for each in others), last])
        self._make = make
        self._spawn = spawn
        self._headers: list[tuple[str, str]] = []
        self._leg = make(self._waiting[0])
        self._legs: list[OutgoingLeg] = [self._leg]
        self._channel: Channel | None = None
        self._passed: list[str] = []
        """What became of those that were tried, in plain words."""
        self._last: LegEnded | None = None
        self._rang = False
        self._answered = False

    @property
    def media(self) -> MediaSession:
        return self._leg.media

    @property
    def call_id(self) -> str | None:
        return self._leg.call_id

    @property
    def call_ids(self) -> tuple[str, ...]:
        return tuple(name for leg in self._legs for name in leg.call_ids)

    @property
    def dialog(self) -> DialogName | None:
        return self._leg.dialog

    def includes(self, leg: Leg) -> bool:
        return leg is self or self._leg.includes(leg)

    def label(self, headers: Sequence[tuple[str, str]]) -> None:
        self._headers += headers

    async def invite(self) -> None:
        """Ring the first gateway that can be rung; those after it are tried beside the caller, when it fails."""
        if not await self._ring_next() and not self._ended:
            raise LegFailed(self._summary(), self._code())

    def _drop_all(self, reason: str) -> None:
        self._release()
        self._leg.drop(reason)

    def leave(self, reason: str = "") -> None:
        self._release()
        self._leg.leave(reason)

    async def transfer(self, uri: str, referred_by: str | None) -> int | None:
        return await self._leg.transfer(uri, referred_by)

    async def closed(self) -> None:
        for leg in self._legs:
            await leg.closed()

    async def _ring_next(self) -> bool:
        """Whether somebody is being rung now."""
        while self._waiting and not self._ended:
            destination = self._waiting.popleft()
            channel = destination.channel
            refusal = "" if channel is None else channel.seize()
            if refusal:
                self._pass_over(channel, refusal)
                continue
            self._channel = channel
            self.trunk = None if channel is None else channel.trunk
            try:
                leg = self._take(destination)
                await leg.invite()
            except LegFailed as failure:
                if channel is not None and failure.sip_code == _NOT_FOUND_OUT:
                    ended = LegEnded(by_far_end=True, sip_code=failure.sip_code, reason=str(failure), silent=True)
                    channel.fails(ended)
                self._release()
                self._pass_over(channel, str(failure))
                continue
            return True
        return False

    def _take(self, destination: Destination) -> OutgoingLeg:
        """The leg for the next attempt; the first is there already."""
        if self._passed:
            passed, self._leg = self._leg, self._make(destination)
            self._legs.append(self._leg)
            passed.drop()
        self._leg.label(self._headers)
        self._leg.listen(partial(self._hear, self._leg))
        return self._leg

    def _hear(self, leg: OutgoingLeg, event: LegEvent) -> None:
        if self._ended or leg is not self._leg:
            return
        match event:
            case LegRinging():
                self._rang = True
                self._works()
                self._listener(event)
            case LegAnswered():
                self._answered = True
                self._works()
                self._listener(event)
            case LegEnded():
                self._hear_end(event)
            case LegDigit() | LegHeld() | LegReferred():
                self._listener(event)
            case never:
                assert_never(never)

    def _hear_end(self, event: LegEnded) -> None:
        channel = self._channel
        broken = event.silent or (event.sip_code or 0) // 100 == 5 or event.sip_code == _FLOW_FAILED
        about_gateway = not self._answered and event.by_far_end and broken
        if channel is not None and event.by_far_end:
            channel.fails(event) if about_gateway else channel.works()
        self._release()
        if not about_gateway:
            self._finish(event)
            return
        said = f"{event.sip_code}" if event.sip_code and not event.silent else event.reason
        self._last = event
        self._pass_over(channel, said)
        if self._waiting:
            if self._rang:
                self._listener(LegRinging())  # there is no early media any more
            self._spawn(self._go_on())
        else:
            self._give_up()

    async def _go_on(self) -> None:
        if not await self._ring_next() and not self._ended:
            self._give_up()

    def _give_up(self) -> None:
        self._finish(
            LegEnded(
                by_far_end=True,
                sip_code=self._code(),
                reason=self._summary(),
                headers={} if self._last is None else self._last.headers,
                silent=self._last is not None and self._last.silent,
            )
        )

    def _finish(self, event: LegEnded) -> None:
        self._ended = True
        self._leg.drop()
        self._listener(event)

    def _works(self) -> None:
        if self._channel is not None:
            self._channel.works()

    def _release(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.release()

    def _pass_over(self, channel: Channel | None, reason: str) -> None:
        name = "the gateway" if channel is None else channel.name
        self._passed.append(f"{name}: {reason}")
        log.info("gateway_passed_over", gateway=name, reason=reason, left=len(self._waiting))

    def _code(self) -> int:
        return 503 if self._last is None or self._last.sip_code is None else self._last.sip_code

    def _summary(self) -> str:
        return f"no gateway took the call: {'; '.join(self._passed)}"
