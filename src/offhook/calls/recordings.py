"""Recordings of live calls: those of one call, and the API's hand on those of all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import structlog

from offhook.calls.control import CallRefused, RecordingChange
from offhook.calls.events import CallFacts
from offhook.calls.recording import LiveRecording, RecordingOrder
from offhook.calls.surroundings import Surroundings
from offhook.media.operation import MediaFailed
from offhook.media.recording import PauseBehavior
from offhook.media.session import MediaSession
from offhook.vocabulary.sids import CallSid, RecordingSid

log = structlog.get_logger(__name__)

MOST = 8
"""Recordings of one call at a time."""
NOT_IN_PROGRESS = 21220


class Recordings:
    """Those of one call that are under way."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._live: list[LiveRecording] = []

    def start(self, call: CallFacts, media: MediaSession, order: RecordingOrder) -> LiveRecording:
        """Begin one. Raises ``MediaFailed``; the call goes on then."""
        self._live = [recording for recording in self._live if not recording.over]
        if len(self._live) >= MOST:
            raise MediaFailed(f"the call has {MOST} recordings under way already")
        around = self._around
        sid = RecordingSid(around.sids("recording"))
        try:
            path = around.recordings(sid)
        except OSError as error:
            raise MediaFailed(f"there is no place for a recording: {error}") from error
        recording = LiveRecording.begin(
            call, media, order, sid=sid, path=path, events=around.events, clock=around.clock
        )
        self._live.append(recording)
        return recording

    def attempt(self, call: CallFacts, media: MediaSession, order: RecordingOrder) -> LiveRecording | None:
        """The same for a recording without which a call is to go on."""
        try:
            return self.start(call, media, order)
        except MediaFailed as failure:
            log.warning("recording_not_started", call=call.sid, source=order.source, reason=str(failure))
            return None

    def find(self, sid: RecordingSid | None) -> LiveRecording | None:
        """The one of that name, or with None the one that began last; None when it is over."""
        under_way = (recording for recording in reversed(self._live) if not recording.over)
        return next((recording for recording in under_way if sid in (None, recording.sid)), None)

    async def finish(self) -> None:
        """End those that do not outlast the call, and wait for what there is to tell of them."""
        while self._live:
            recording = self._live.pop()
            if not recording.stays:
                await recording.stop()


class Recorded(Protocol):
    """A live call, as far as it concerns recordings."""

    recordings: Recordings

    @property
    def facts(self) -> CallFacts: ...

    @property
    def answered(self) -> bool: ...

    @property
    def over(self) -> bool: ...

    @property
    def media(self) -> MediaSession: ...


class RecordingDesk:
    """Implements ``control.RecordingControl``."""

    def __init__(self, live: Callable[[CallSid], Recorded | None]) -> None:
        self._live = live

    def start(self, call_sid: CallSid, order: RecordingOrder) -> RecordingSid:
        call = self._live(call_sid)
        if call is None or call.over or not call.answered:
            raise CallRefused(NOT_IN_PROGRESS, f"Call {call_sid} is not in progress; only such calls can be recorded.")
        try:
            return call.recordings.start(call.facts, call.media, order).sid
        except MediaFailed as failure:
            raise CallRefused(NOT_IN_PROGRESS, f"Call {call_sid} cannot be recorded: {failure}") from failure

    async def change(self, call_sid: CallSid, sid: RecordingSid | None, change: RecordingChange) -> RecordingSid:
        call = self._live(call_sid)
        recording = None if call is None else call.recordings.find(sid)
        if recording is None:
            raise CallRefused(NOT_IN_PROGRESS, f"Call {call_sid} has no such recording under way.")
        match change:
            case RecordingChange.PAUSE_SKIP:
                recording.pause(PauseBehavior.SKIP)
            case RecordingChange.PAUSE_SILENCE:
                recording.pause(PauseBehavior.SILENCE)
            case RecordingChange.RESUME:
                recording.resume()
            case RecordingChange.STOP:
                await recording.stop()
        return recording.sid


__all__ = ["RecordingDesk", "Recordings"]
