"""One recording of a call, from its start to the facts about it: tells its start, its pauses and its end, each once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Protocol

import structlog

from offhook.calls.events import (
    CallEvent,
    CallFacts,
    RecordingEnded,
    RecordingPaused,
    RecordingStarted,
    StatusCallback,
)
from offhook.media.events import Recorded, RecordEnd
from offhook.media.operation import MediaFailed, Operation, Taping
from offhook.media.recording import PauseBehavior, RecordFormat, Track
from offhook.media.session import MediaSession
from offhook.vocabulary.clock import Clock
from offhook.vocabulary.sids import RecordingSid

log = structlog.get_logger(__name__)

RecordingPaths = Callable[[RecordingSid], str]
"""Where the file of a recording lives; the directory exists, the extension says how it is written. Raises ``OSError``."""


class Publisher(Protocol):
    """Takes the facts."""

    def publish(self, event: CallEvent) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingOrder:
    """How a call is to be recorded; times in milliseconds."""

    source: str
    """Who asked for it: ``RecordVerb``, ``DialVerb``, ``OutboundAPI`` or ``StartCallRecordingAPI``."""
    track: Track = Track.BOTH
    channels: int = 1
    max_length: int = 86_400_000
    silence: int = 0
    """So much of it ends the recording; 0: none does."""
    finish_on: str = ""
    beep: bool = False
    trim: bool = False
    stays: bool = False
    """Whether it lasts until it is stopped, and may go on with another session."""
    callback: StatusCallback | None = None
    """Who hears of it; its events are of ``in-progress completed absent``."""


class LiveRecording:
    """A recording under way. What is known of its end is told as soon as the engine tells it, whoever waits for it.

    One that ``stays`` lasts until ``stop`` and may ``rest`` and ``go_on`` in between, with another session if need be.
    """

    def __init__(
        self,
        started: RecordingStarted,
        taping: Operation[Recorded],
        events: Publisher,
        clock: Clock,
        order: RecordingOrder | None = None,
    ) -> None:
        """``order`` is what it was begun with, where it may go on in another session."""
        self.started = started
        self.stays = order is not None and order.stays
        self.paused: PauseBehavior | None = None
        self.duration = 0
        """Milliseconds, up to the last rest."""
        self.over = False
        self._taping = taping
        self._order = order
        self._events = events
        self._clock = clock
        events.publish(started)
        taping.when_ended(self._engine_ended)

    @classmethod
    def begin(
        cls,
        call: CallFacts,
        media: MediaSession,
        order: RecordingOrder,
        *,
        sid: RecordingSid,
        path: str,
        events: Publisher,
        clock: Clock,
    ) -> LiveRecording:
        """Start to record what passes through ``media``. Raises ``MediaFailed``."""
        taping = _taping(media, path, order, media.rate)
        started = RecordingStarted(
            sid=sid,
            account_sid=call.account_sid,
            call_sid=call.sid,
            api_version=call.api_version,
            path=path,
            channels=order.channels,
            track=order.track,
            source=order.source,
            callback=order.callback,
            rate=media.rate,
            at=clock.utc(),
        )
        return cls(started, taping, events, clock, order)

    @property
    def sid(self) -> RecordingSid:
        return self.started.sid

    def pause(self, behavior: PauseBehavior) -> None:
        """Pause it, if it is that of a session; ``behavior`` says what becomes of the time."""
        if not self.over and isinstance(self._taping, Taping):
            self._taping.pause(behavior)
            self._turn(behavior)

    def resume(self) -> None:
        """Let it go on."""
        if not self.over and self.paused is not None and isinstance(self._taping, Taping):
            self._taping.resume()
            self._turn(None)

    async def result(self) -> Recorded:
        """Wait until it is over; cancelling ends it. Raises ``MediaFailed``."""
        try:
            return await self._taping.result()
        finally:
            self._engine_ended()

    async def stop(self) -> int:
        """End it unless it is over, and tell how many milliseconds there are."""
        self.stays = False
        await self.rest()
        return self.duration

    def halt(self) -> None:
        """Let the engine stop, and do not wait for it."""
        self._taping.cancel()

    def close(self) -> None:
        """After a rest: there is no more to come."""
        self.stays = False
        self._engine_ended()

    async def rest(self) -> None:
        """Let the engine stop."""
        try:
            await self._taping.stop()
        except MediaFailed as failure:
            self._end(str(failure))
        self._engine_ended()

    def go_on(self, media: MediaSession) -> None:
        """After a rest: record what passes through ``media`` into the same file. Raises ``MediaFailed``."""
        if self.over or self._order is None:
            return
        taping = self._taping = _taping(media, self.started.path, self._order, self.started.rate, goes_on=True)
        taping.when_ended(self._engine_ended)
        if self.paused is not None:
            taping.pause(self.paused)

    def _turn(self, paused: PauseBehavior | None) -> None:
        self.paused = paused
        started = self.started
        self._events.publish(
            RecordingPaused(
                sid=started.sid,
                account_sid=started.account_sid,
                call_sid=started.call_sid,
                paused=paused is not None,
                at=self._clock.utc(),
            )
        )

    def _engine_ended(self) -> None:
        """Tell the end, if the engine has told it and there is to be no more."""
        if self.over or not self._taping.ended:
            return
        try:
            recorded = self._taping.outcome()
        except MediaFailed as failure:
            self._end(str(failure))
            return
        self.duration = max(self.duration, recorded.duration)
        if recorded.end is RecordEnd.BROKEN:
            self._end(recorded.reason)
        elif not self.stays:
            self._end(None)

    def _end(self, reason: str | None) -> None:
        if self.over:
            return
        self.over = True
        started = self.started
        if reason is not None:
            log.warning("recording_failed", recording=started.sid, call=started.call_sid, reason=reason)
        self._events.publish(
            RecordingEnded(
                sid=started.sid,
                account_sid=started.account_sid,
                call_sid=started.call_sid,
                duration=self.duration,
                absent=self.duration == 0,
                reason=reason,
                started=started,
                at=self._clock.utc(),
            )
        )


def _taping(media: MediaSession, path: str, order: RecordingOrder, rate: int, *, goes_on: bool = False) -> Taping:
    return media.start_record(
        path,
        format=RecordFormat(PurePath(path).suffix[1:]),
        track=order.track,
        channels=order.channels,
        rate=rate,
        goes_on=goes_on,
        max_length=order.max_length,
        silence=order.silence,
        finish_on=order.finish_on,
        beep=order.beep,
        trim=order.trim,
    )
