"""A recording of a call from its start to the facts about it: gives it a sid and a path, and tells both ends of it.

One of a conversation may outlast the two with whom it began: ``Tape``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from offhook.calls.events import CallFacts, EventLog, RecordingEnded, RecordingStarted
from offhook.media.events import Recorded
from offhook.media.operation import MediaFailed, Operation
from offhook.media.session import MediaSession
from offhook.vocabulary.clock import Clock
from offhook.vocabulary.sids import CallSid, RecordingSid

log = structlog.get_logger(__name__)

RecordingPaths = Callable[[RecordingSid], str]
"""Where the file of a recording lives; the directory exists."""
Voice = tuple[CallSid, MediaSession]
"""Who is recorded, and where he is heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recording under way; ``begin`` starts it, ``finish`` ends it, once."""

    sid: RecordingSid
    path: str
    call: CallFacts
    events: EventLog
    clock: Clock

    def begin(self, *, channels: int, source: str) -> None:
        """Say that the file is being written."""
        self.events.publish(
            RecordingStarted(
                sid=self.sid,
                account_sid=self.call.account_sid,
                call_sid=self.call.sid,
                path=self.path,
                channels=channels,
                source=source,
                at=self.clock.utc(),
            )
        )

    async def finish(self, operation: Operation[Recorded] | Operation[Recorded | None]) -> int:
        """Stop the engine's command unless it has ended, and say how long the file became. Returns milliseconds."""
        duration = 0
        try:
            duration = await self.stop(operation)
        finally:
            self.end(duration)
        return duration

    async def stop(self, operation: Operation[Recorded] | Operation[Recorded | None]) -> int:
        """Stop the engine's command unless it has ended; milliseconds of the file, 0 when there is none."""
        try:
            recorded = await operation.stop()
        except MediaFailed as failure:
            log.warning("recording_failed", recording=self.sid, call=self.call.sid, reason=str(failure))
            return 0
        return recorded.duration if recorded is not None else 0

    def end(self, duration: int) -> None:
        """Say that the file is complete, with its milliseconds."""
        self.events.publish(
            RecordingEnded(
                sid=self.sid,
                account_sid=self.call.account_sid,
                call_sid=self.call.sid,
                duration=duration,
                absent=duration == 0,
                at=self.clock.utc(),
            )
        )


class Tape:
    """A recording of two who talk, one on each channel. When one of them is replaced it goes on, and who stays keeps the
    channel; it belongs to the call of which it was begun, also after that has ended.
    """

    def __init__(self, recording: Recording) -> None:
        self.duration = 0
        """Milliseconds, up to the last ``rest``."""
        self._recording = recording
        self._sides: tuple[CallSid, CallSid] | None = None

    @property
    def sid(self) -> RecordingSid:
        return self._recording.sid

    def run(self, one: Voice, other: Voice) -> Operation[Recorded | None]:
        """Bridge the two and record them. Raises ``MediaFailed``."""
        if self._sides is not None and (one[0] == self._sides[1] or other[0] == self._sides[0]):
            one, other = other, one
        bridge = one[1].start_bridge(other[1], self._recording.path)
        if self._sides is None:
            self._recording.begin(channels=2, source="DialVerb")
        self._sides = one[0], other[0]
        return bridge

    async def rest(self, bridge: Operation[Recorded | None]) -> None:
        """End the bridge; the recording may go on with another."""
        self.duration = max(self.duration, await self._recording.stop(bridge))

    def close(self) -> None:
        """It is complete, if it ever began; once."""
        if self._sides is not None:
            self._recording.end(self.duration)
