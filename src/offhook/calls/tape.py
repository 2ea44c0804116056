"""The recording of a conversation, which may outlast the two with whom it began."""

from __future__ import annotations

import structlog

from offhook.calls.active import ActiveCall
from offhook.calls.recording import LiveRecording, RecordingOrder
from offhook.media.operation import MediaFailed, Operation
from offhook.media.session import MediaSession

log = structlog.get_logger(__name__)

Voice = tuple[ActiveCall, MediaSession]
"""Who is recorded, and where he is heard."""


class Tape:
    """One of two channels has one of the two on each. When one of them is replaced it goes on, and who stays keeps the
    channel; it belongs to the call of which it was begun, also after that has ended. Nothing comes of it when it fails.
    """

    def __init__(self, order: RecordingOrder) -> None:
        self.recording: LiveRecording | None = None
        """None until it has begun."""
        self._order = order
        self._sides: tuple[ActiveCall, ActiveCall] | None = None

    def run(self, one: Voice, other: Voice, bridge: Operation[None]) -> None:
        """Record two for as long as they are bridged."""
        began = self._sides is not None
        if self._sides is not None and (one[0] is self._sides[1] or other[0] is self._sides[0]):
            one, other = other, one
        self._sides = one[0], other[0]
        call, media = one
        try:
            if not began:
                self.recording = call.recordings.attempt(call.facts, media, self._order)
            elif self.recording is not None:
                self.recording.go_on(media)
        except MediaFailed as failure:
            log.warning("recording_does_not_go_on", call=call.facts.sid, reason=str(failure))
        if self.recording is not None:
            bridge.when_ended(self.recording.halt)

    async def rest(self) -> None:
        """They part; the recording may go on with another."""
        if self.recording is not None:
            await self.recording.rest()

    def close(self) -> None:
        """After a rest: it is complete, if it ever began."""
        if self.recording is not None:
            self.recording.close()
