"""A recording of a call from its start to the facts about it: gives it a sid and a path, and tells both ends of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from offhook.calls.events import CallFacts, EventLog, RecordingEnded, RecordingStarted
from offhook.media.events import Recorded
from offhook.media.operation import MediaFailed, Operation
from offhook.vocabulary.clock import Clock
from offhook.vocabulary.sids import RecordingSid

log = structlog.get_logger(__name__)

RecordingPaths = Callable[[RecordingSid], str]
"""Where the file of a recording lives; the directory exists."""


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
            recorded = await operation.stop()
            duration = recorded.duration if recorded is not None else 0
        except MediaFailed as failure:
            log.warning("recording_failed", recording=self.sid, call=self.call.sid, reason=str(failure))
        finally:
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
        return duration
