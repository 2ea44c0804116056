"""What can be played: files, samples, silence and tones. Times are milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

StreamId = NewType("StreamId", int)
"""Names a sound whose bytes come while it is played. 1..2**63-1, never used twice in the life of an engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioFile:
    """A sound file on disk: WAV (PCM, floats, mu-law, A-law, ADPCM), MP3, Ogg (Opus, Vorbis) or FLAC, at any sample rate;
    channels are mixed to one. What it is shows in its bytes, not in its name.
    """

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioData:
    """The same, in memory."""

    data: bytes
    name: str = ""
    """What it is called when it cannot be played, such as its URL."""
    stated: str = ""
    """What its sender says that it is: a content type; empty when nothing was said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pcm:
    """Bare samples: 16-bit little-endian mono at ``rate`` hertz (8000..48000)."""

    data: bytes
    rate: int = 8000


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """``duration`` milliseconds of nothing, for pauses between prompts."""

    duration: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """A sum of sines for ``on`` ms, then ``off`` ms of silence; ``repeat`` 0 means until stopped."""

    frequencies: tuple[float, ...]
    on: int
    off: int = 0
    repeat: int = 1
    level: float = -12.0
    """Level of each sine in dBm0 (full scale is about +3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplied:
    """A sound file or an endless stream, of what ``AudioFile`` may be, whose bytes come by ``Supply`` while it is played.

    Where they come too slowly the far end hears silence. Cannot be part of what is played more than once.
    """

    stream: StreamId
    name: str = ""
    """As in ``AudioData``."""
    stated: str = ""


AudioSource = AudioFile | AudioData | Supplied | Pcm | Silence | Tone
