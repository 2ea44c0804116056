"""What streams from a media session and towards it: taps, findings, audio that is fed. ``session.MediaSession`` is one that does."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from offhook.media import results
from offhook.media.commands import Command, CommandId, Detect, Inject, SessionId, Tap
from offhook.media.detection import Detection
from offhook.media.events import Played
from offhook.media.operation import AudioTap, Channel, Injection, Operation
from offhook.media.recording import Track
from offhook.media.voice import Voice

StartedT = TypeVar("StartedT", bound=Operation[Any])


class Numbering(Channel, Protocol):
    """The side that starts operations and names commands."""

    def next_command(self) -> CommandId:
        """An id that was never used before."""
        ...


class Streaming:
    """The streams of one session."""

    def __init__(self, channel: Numbering, session: SessionId) -> None:
        self.id = session
        self._channel = channel

    def launch(self, command: Command, operation: StartedT) -> StartedT:
        """Send ``command``, whose end belongs to ``operation``. Raises ``MediaFailed``."""
        raise NotImplementedError

    def tap(self, *, track: Track = Track.INBOUND, rate: int = 8000, chunk: int = 100, backlog: int = 50) -> AudioTap:
        """Hear what this session hears, what its far end hears, or both, in chunks of ``chunk`` ms at ``rate`` hertz."""
        command = Tap(
            id=self._channel.next_command(), session=self.id, track=track, rate=rate, chunk=chunk, backlog=backlog
        )
        waiting = 2 * backlog if track is Track.BOTH else backlog
        return self.launch(command, AudioTap(self._channel, command.id, waiting))

    def detect(self, *, voice: Voice | None = None, silence: int = 0, tones: bool = False) -> Detection:
        """Tell of voices, of ``silence`` ms without one, and of single tones, until cancelled."""
        command = Detect(id=self._channel.next_command(), session=self.id, voice=voice, silence=silence, tones=tones)
        return self.launch(command, Detection(self._channel, command.id))

    def inject(self, *, rate: int = 8000, backlog: int = 60_000) -> Injection:
        """Open a stream towards the far end, after what is queued already; at most ``backlog`` ms wait in it."""
        command = Inject(id=self._channel.next_command(), session=self.id, rate=rate, backlog=backlog)
        return self.launch(command, Injection(self._channel, command.id, results.reader(Played, Played(duration=0))))
