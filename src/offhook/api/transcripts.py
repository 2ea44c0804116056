"""What each live call has had so far, and whoever follows it: the source of the event streams.

A listener of call events. Per call the last ``backlog`` events are kept, older ones are dropped and counted; a follower that
is slower than that is told how many it missed. Followers hold a position, not a queue, so they cost nothing per event.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Self

from offhook.api.settings import ApiSettings
from offhook.calls.events import (
    ApplicationAsked,
    CallCreated,
    CallEnded,
    CallEvent,
    CallMeasured,
    CallProgressed,
    ConferenceChanged,
    Heard,
    Noticed,
    RecordingEnded,
    RecordingPaused,
    RecordingStarted,
)
from offhook.vocabulary.clock import Clock
from offhook.vocabulary.sids import CallSid


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An event and its place in the call, counted from 0."""

    number: int
    event: CallEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """``count`` events were dropped before the follower came to them."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Nothing happened for as long as the follower wanted to wait."""


@dataclass(slots=True)
class _Reel:
    events: deque[CallEvent]
    dropped: int = 0
    ended: bool = False
    waiting: set[asyncio.Event] = field(default_factory=set)

    @property
    def total(self) -> int:
        return self.dropped + len(self.events)

    def add(self, event: CallEvent) -> None:
        if len(self.events) == self.events.maxlen:
            self.dropped += 1
        self.events.append(event)
        self.wake()

    def wake(self) -> None:
        for waiting in self.waiting:
            waiting.set()


class Transcripts:
    """Keeps and hands out the events of calls. Bounded: past ``calls`` the events of the oldest call are dropped."""

    def __init__(self, *, clock: Clock, backlog: int, calls: int, linger: float) -> None:
        self._clock = clock
        self._backlog = backlog
        self._calls = calls
        self._linger = linger
        self._reels: OrderedDict[CallSid, _Reel] = OrderedDict()
        self._ended: deque[tuple[float, CallSid]] = deque()
        self._closed = False
        self.followers = 0
        """Streams that are being followed now."""

    @classmethod
    def configured(cls, settings: ApiSettings, *, clock: Clock) -> Self:
        """With the bounds of the settings."""
        return cls(
            clock=clock,
            backlog=settings.stream_backlog,
            calls=settings.stream_calls,
            linger=settings.stream_linger,
        )

    def hear(self, event: CallEvent) -> None:
        """Take an event. Never blocks and never fails."""
        match event:
            case CallCreated():
                sid: CallSid | None = event.call.sid
                self._reels.setdefault(event.call.sid, _Reel(deque(maxlen=self._backlog)))
                if len(self._reels) > self._calls:
                    self._drop(next(iter(self._reels)))
            case CallProgressed() | CallEnded():
                sid = event.call.sid
            case (
                CallMeasured()
                | RecordingStarted()
                | RecordingPaused()
                | RecordingEnded()
                | Noticed()
                | ApplicationAsked()
                | Heard()
            ):
                sid = event.call_sid
            case ConferenceChanged(participant=participant):
                sid = None if participant is None else participant.call_sid
        reel = None if sid is None else self._reels.get(sid)
        if reel is None:
            return
        if isinstance(event, CallEnded):
            reel.ended = True
            self._ended.append((self._clock.monotonic(), event.call.sid))
            self._forget()
        reel.add(event)

    def close(self) -> None:
        """End all followers: the server stops."""
        self._closed = True
        for reel in self._reels.values():
            reel.wake()

    async def follow(
        self, sid: CallSid, *, start: int = 0, patience: float
    ) -> AsyncGenerator[Line | Missed | Silence, None]:
        """What the call has had from event ``start`` on, then what it has next; ends with the call.

        Yields ``Silence`` after ``patience`` seconds without an event. Ends at once when nothing is known of the call.
        """
        reel = self._reels.get(sid)
        if reel is None:
            return
        position = max(0, start)
        bell = asyncio.Event()
        reel.waiting.add(bell)
        self.followers += 1
        try:
            while not self._closed:
                bell.clear()
                if position < reel.dropped:
                    yield Missed(count=reel.dropped - position)
                    position = reel.dropped
                elif position < reel.total:
                    yield Line(number=position, event=reel.events[position - reel.dropped])
                    position += 1
                elif reel.ended:
                    return
                else:
                    try:
                        async with asyncio.timeout(patience):
                            await bell.wait()
                    except TimeoutError:
                        yield Silence()
        finally:
            reel.waiting.discard(bell)
            self.followers -= 1

    def _forget(self) -> None:
        """Drop the calls that ended ``linger`` seconds ago."""
        before = self._clock.monotonic() - self._linger
        while self._ended and self._ended[0][0] <= before:
            self._drop(self._ended.popleft()[1])

    def _drop(self, sid: CallSid) -> None:
        reel = self._reels.pop(sid, None)
        if reel is not None:
            # Followers keep the reel that they hold; for them the call's events end here.
            reel.ended = True
            reel.wake()
