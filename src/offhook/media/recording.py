"""How a session is recorded, and the commands for it: part of ``commands``, which names them all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.media.commands import CommandId, SessionId


class Track(StrEnum):
    """Which side of a session a ``Tap`` hands out, or a ``Record`` writes down."""

    INBOUND = "inbound"
    """What we hear from the far end."""
    OUTBOUND = "outbound"
    """What the far end hears: of ours, or through a bridge. Keys that are sent are not in it."""
    BOTH = "both"
    """A ``Tap`` hands out each in chunks of its own."""


class RecordFormat(StrEnum):
    """What the engine writes; the value is the extension of such files."""

    WAV = "wav"
    """RIFF/WAVE, 16-bit PCM."""
    OGG = "ogg"
    """Ogg/Opus (RFC 7845); two channels are coded apart from each other."""


class PauseBehavior(StrEnum):
    """What becomes of the time during which a recording is paused."""

    SKIP = "skip"
    """It is left out."""
    SILENCE = "silence"
    """It is silence in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Write what is said to a file, as it comes. Ends ``Finished`` with ``Recorded``.

    A crash loses less than the last second. The file is never longer than ``max_length``. ``silence`` stops after so much
    continuous silence (0 = never). The finish key's audio is cut. A session may be recorded several times at once.
    """

    id: CommandId
    session: SessionId
    path: str
    format: RecordFormat = RecordFormat.WAV
    track: Track = Track.INBOUND
    channels: int = 1
    """1: a sum; 2: what is heard first, what the far end hears second."""
    rate: int = 0
    """Hertz: 8000, 16000, 24000 or 48000; 0 is that of the line when it starts, 16000 at most."""
    goes_on: bool = False
    """Go on with the recording that is in the file already; it has the same format, channels and rate."""
    max_length: int = 3_600_000
    silence: int = 0
    finish_on: str = ""
    beep: bool = False
    """Play a beep before the recording starts."""
    trim: bool = False
    """Cut leading and trailing silence."""

    def __post_init__(self) -> None:
        if self.channels not in (1, 2):
            raise ValueError(f"a recording has 1 or 2 channels, not {self.channels}")
        if self.rate not in (0, 8000, 16_000, 24_000, 48_000):
            raise ValueError(f"a recording of {self.rate} Hz is not possible: 8000, 16000, 24000 or 48000")


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRecording:
    """Pause the recording ``recording`` (the id of a ``Record``). Has no id of its own and no reply."""

    recording: CommandId
    behavior: PauseBehavior = PauseBehavior.SKIP


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRecording:
    """Let a paused recording go on. Has no id of its own and no reply."""

    recording: CommandId
