"""What the media engine says. Every command id ends in exactly one ``Finished``, ``Failed`` or ``Cancelled``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from offhook.media.commands import CommandId, SessionId, StreamId
from offhook.media.recording import Track


class RecordEnd(StrEnum):
    """Why a recording ended."""

    MAX_LENGTH = "max-length"
    SILENCE = "silence"
    KEY = "key"
    CANCELLED = "cancelled"
    BROKEN = "broken"
    """The file could not be written any further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Result of ``OpenSession`` and ``OpenToBrowser``."""

    host: str
    """Empty where the port is open on all addresses."""
    port: int
    """RTP port (even), RTCP is the next one; or the port that browsers share."""
    fingerprint: tuple[str, bytes] | None = None
    """Of our certificate for DTLS, with browsers: hash function and hash."""


VOICE = "voice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """Result of ``Play``, ``Inject`` and ``Announce``."""

    duration: int
    """Milliseconds actually sent."""
    stopped_by: str | None = None
    """The key that stopped it, or ``VOICE``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Result of ``Record`` and ``RecordRoom``."""

    path: str
    duration: int
    """Milliseconds of audio in the file; 0 when nothing was recorded."""
    end: RecordEnd
    key: str | None = None
    reason: str | None = None
    """Why it is broken: a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What a session has seen of its line (RFC 3550 section 6.4). Late, concealed and delay only while somebody listens: a packet
    that merely passes through is used at once.
    """

    codec_sent: str | None = None
    """Name of the codec that we send."""
    codec_received: str | None = None
    """Name of the codec that came last."""
    packets_sent: int = 0
    packets_received: int = 0
    packets_lost: int = 0
    """Expected, but never arrived."""
    packets_late: int = 0
    """Arrived after they were needed."""
    packets_duplicate: int = 0
    """Arrived again."""
    packets_refused: int = 0
    """Not believed to be the far end's: another source or stream while its own was alive."""
    concealed: int = 0
    """Milliseconds of audio that was made up for."""
    delay: int = 0
    """Milliseconds that the jitter buffer holds packets, at last."""
    jitter: float = 0.0
    """Interarrival jitter, ms."""
    round_trip: float | None = None
    """From RTCP, ms; None when the far end sent no reports."""
    drift: float | None = None
    """Parts in a million by which the far end's clock is fast; None before 15 seconds."""
    far_lost: int | None = None
    """Packets of ours that never arrived there, as its reports say; None without."""
    far_jitter: float | None = None
    """Interarrival jitter there, ms."""
    r_factor: float | None = None
    """Rating of what we hear, 0..93.2: the E-model (ITU-T G.107) of codec, loss and delay; None when nothing came."""
    mos: float | None = None
    """The same as a mean opinion score, 1..4.41."""
    far_r_factor: float | None = None
    """Rating of what the far end hears; None without its reports."""
    far_mos: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Result of ``CloseSession``."""

    statistics: Statistics


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Result of ``Measure``."""

    statistics: Statistics


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Result of commands that have nothing to tell."""


Result = Opened | Played | Recorded | Closed | Measured | Done


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The command did what it was to do."""

    command: CommandId
    result: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The command could not be done; ``reason`` is a sentence for the operator or the application's author."""

    command: CommandId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """``Cancel`` or ``CloseSession`` ended it. ``result`` tells how far it got (a recording's length, say)."""

    command: CommandId
    result: Result | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitReceived:
    """A key, once, when it is first heard, as an RFC 4733 event or as a tone."""

    session: SessionId
    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakingChanged:
    """A member of a room began to speak (100 ms of voice) or stopped (800 ms of silence)."""

    session: SessionId
    speaking: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RtpLost:
    """Nothing arrived for ``silent`` ms although the far end should send: audio goes both ways, nobody is on hold."""

    session: SessionId
    silent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PathLost:
    """There is no way to a browser (any more): no path, no consent (RFC 7675), or no handshake. Told once."""

    session: SessionId
    reason: str
    """A sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioChunk:
    """Audio of a ``Tap``."""

    command: CommandId
    data: bytes
    track: Track = Track.INBOUND
    dropped: int = 0
    """Chunks lost before this one because they were not fetched in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceStarted:
    """A ``Detect`` hears a voice, which began at ``at``: milliseconds of what was heard since it began to listen."""

    command: CommandId
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceStopped:
    """The voice is over, since ``at``."""

    command: CommandId
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceHeard:
    """There has been no voice for as long as ``Detect`` was to wait, since ``at``."""

    command: CommandId
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneStarted:
    """A single tone sounds since ``at``."""

    command: CommandId
    at: int
    frequency: int
    """Hertz."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneStopped:
    """The tone ended at ``at``."""

    command: CommandId
    at: int
    duration: int
    """Milliseconds."""


Detected = VoiceStarted | VoiceStopped | SilenceHeard | ToneStarted | ToneStopped
"""What a ``Detect`` finds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkReached:
    """All that an ``Inject`` was fed before this mark has been sent, or dropped when it was cleared."""

    command: CommandId
    name: str
    cleared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """There is room for so many bytes more of a ``Supplied`` sound; 0: no more of it is wanted, ever."""

    command: CommandId
    """The ``Play`` that it is part of."""
    stream: StreamId
    bytes: int


Meanwhile = AudioChunk | Detected | MarkReached | Wanted
"""What a command tells before its end."""

Event = Finished | Failed | Cancelled | DigitReceived | SpeakingChanged | RtpLost | PathLost | Meanwhile
