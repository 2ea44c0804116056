"""What the media engine is told to do. Only these cross the border downwards; ``events`` cross it upwards.

Every command carries an ``id`` that its sender chose and never uses again; every id ends in exactly one of
``Finished``, ``Failed`` or ``Cancelled``. Times are milliseconds, audio is 16-bit little-endian mono PCM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from offhook.media.membership import Membership, RoomId
from offhook.media.opus import Opus
from offhook.media.recording import PauseRecording, Record, ResumeRecording, Track
from offhook.media.sources import AudioData, AudioFile, AudioSource, Pcm, Silence, StreamId, Supplied, Tone
from offhook.media.srtp import Security
from offhook.media.voice import Voice
from offhook.media.webrtc import BrowserPeer, OpenToBrowser

SessionId = NewType("SessionId", int)
"""One media session: an RTP address, what is heard there and what is sent from there. 1..2**63-1, chosen by the sender."""
CommandId = NewType("CommandId", int)
"""1..2**63-1, never used twice in the life of an engine."""
SUPPLY_ROOM = 262_144
"""Bytes that may be supplied unasked; more once they are ``Wanted``."""

DTMF_KEYS = "0123456789*#ABCD"


class Codec(StrEnum):
    """Names as in SDP ``a=rtpmap`` (RFC 3551, RFC 7587), with the rate where that makes a difference; all mono. L16 is bare samples."""

    PCMU = "PCMU"
    PCMA = "PCMA"
    G722 = "G722"
    """16 kHz; its RTP clock is said to be 8 kHz."""
    OPUS = "OPUS"
    L16_8 = "L16/8000"
    L16_16 = "L16/16000"
    L16_48 = "L16/48000"


class Direction(StrEnum):
    """Which way audio flows, seen from us (SDP direction attributes, RFC 8866 section 6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """Bind an RTP and an RTCP socket. Ends ``Finished`` with ``Opened`` (the port), or ``Failed``."""

    id: CommandId
    session: SessionId
    host: str
    """Local address to bind, an IP literal."""
    port: int = 0
    """0 takes the next free even port of the engine's range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """Where to send and how to read what arrives: the outcome of an SDP offer and answer. May be repeated.

    ``Finished`` at once. Until a valid packet arrived from the far end, at most ``unconfirmed_limit`` packets are
    sent to ``remote`` (so that a forged SDP cannot turn the engine into a flood); after it, packets go to where the
    far end's packets come from (symmetric RTP, RFC 4961).
    """

    id: CommandId
    session: SessionId
    remote: tuple[str, int]
    codec: Codec
    """What is sent."""
    payload_type: int
    """Number under which it is sent, 0..127."""
    accepts: Mapping[int, Codec] = field(default_factory=dict)
    """Payload type to codec, of what may be received."""
    dtmf_payload_type: int | None = None
    """telephone-event (RFC 4733) as it is sent; None when the far end does not know it."""
    dtmf_accepts: int | None = None
    """telephone-event as it may arrive, where each side chose its own number; None: as it is sent."""
    dtmf_clock: int = 8000
    """Hz of its clock: 8000, 16000 or 48000."""
    inband_dtmf: bool = False
    """Listen for keys that come as tones (ITU-T Q.24). A key that comes both ways is told once."""
    dtmf_signalled: bool = False
    """Keys for the far end go by signalling: a bridge relays none."""
    ptime: int = 20
    """Milliseconds of audio per packet, 10..60 in steps of 10; a codec that has no such packets sends the next shorter ones."""
    opus: Opus = field(default_factory=Opus)
    """Where Opus is sent."""
    direction: Direction = Direction.SENDRECV
    unconfirmed_limit: int = 500
    """Packets (10 s of audio at 20 ms)."""
    rtcp_mux: bool = False
    """Reports share the port of RTP (RFC 5761)."""
    comfort_noise: int | None = None
    """Number of comfort noise (RFC 3389) both ways, at 8 kHz: silence is not sent; None where it is not agreed on."""
    security: Security | None = None
    """Keys for SRTP; None: plain RTP both ways. A key that is named again goes on where it was, a new one starts afresh."""
    peer: BrowserPeer | None = None
    """Of a session that was opened to a browser, which ``remote`` and ``security`` say nothing about. Nothing is sent, and what
    plays waits, until there is a path to it and a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """Send ``sources`` one after the other without a gap, ``loop`` times (0 = until stopped).

    One Play at a time per session: a second one waits until the first has ended. Ends ``Finished`` with ``Played``.
    """

    id: CommandId
    session: SessionId
    sources: tuple[AudioSource, ...]
    loop: int = 1
    stop_on: str = ""
    """Keys that stop it at once; the key is still reported as ``DigitReceived``."""
    stop_on_voice: Voice | None = None
    """A voice stops it at once. What may be an echo of what is played is none (ADR 0020)."""
    offset: int = 0
    """Milliseconds at the beginning that are passed over, once."""
    gain: float = 0.0
    """dB by which it is louder, -60..20; what becomes too loud is cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """Bytes of what ``Supplied`` names; ``last`` says that none follow. Has no id of its own and no reply.

    ``SUPPLY_ROOM`` bytes may be sent unasked, then as many as ``Wanted`` says; more makes the sound fail. Without effect
    when nobody plays it any more.
    """

    stream: StreamId
    data: bytes
    last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetGain:
    """Play what the ``Play`` of id ``target`` plays so much louder from now on, without a click. Has no id and no reply."""

    target: CommandId
    gain: float
    """dB, -60..20."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendDigits:
    """Send keys as RFC 4733 events (as tones when the far end cannot); ``w`` waits 500 ms, ``W`` 1 s."""

    id: CommandId
    session: SessionId
    digits: str
    on: int = 100
    off: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """Two sessions hear each other until the command is cancelled or one of them closes.

    ``a == b`` is an echo. Keys are relayed to each end in the way that it knows: as events, or as tones. A session that
    plays is heard by its far end instead of the bridge for as long.
    """

    id: CommandId
    a: SessionId
    b: SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """A session hears everybody in a room but itself, until the command is cancelled or the session closes.

    A room is there while somebody is in it. A session that plays is heard by its far end instead of the room for as long.
    Keys stay with the session. Silent lines are not added. A session is in one room or one bridge at a time.
    """

    id: CommandId
    session: SessionId
    room: RoomId
    membership: Membership = field(default_factory=Membership)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMember:
    """What a session may from now on in the room that it is in. ``Finished`` at once."""

    id: CommandId
    session: SessionId
    membership: Membership


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce:
    """Play ``sources`` to everybody in a room, over what they say. Ends ``Finished`` with ``Played``.

    Several may be under way at once, 16 at most. Ends ``Cancelled`` with the room.
    """

    id: CommandId
    room: RoomId
    sources: tuple[AudioSource, ...]
    loop: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRoom:
    """Write what all in a room say together, and announcements, to a WAV file (mono), until cancelled or the room is gone."""

    id: CommandId
    room: RoomId
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    """Hand out audio as ``AudioChunk`` events until cancelled. For speech recognition and streams.

    At most ``backlog`` chunks of each track wait; when they are not fetched in time the oldest are dropped and counted.
    """

    id: CommandId
    session: SessionId
    track: Track = Track.INBOUND
    rate: int = 8000
    """Hertz: 8000, 16000, 24000, or any from 4000 to 192000."""
    chunk: int = 100
    """Milliseconds per chunk, 20..1000."""
    backlog: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Detect:
    """Tell of voices, silence and single tones in what is heard, as events, until cancelled. Needs one of the three."""

    id: CommandId
    session: SessionId
    voice: Voice | None = None
    """What counts as voice; None listens for none."""
    silence: int = 0
    """Milliseconds without a voice that are told, once each time, 20..3600000; 0 never. Needs ``voice``."""
    tones: bool = False
    """Tell of single tones from 350 to 3200 Hz that last 120 ms: beeps, fax machines."""

    def __post_init__(self) -> None:
        if self.voice is None and not self.tones:
            raise ValueError("detect what: a voice, tones, or both")
        if self.silence and (self.voice is None or not 20 <= self.silence <= 3_600_000):
            raise ValueError(f"silence is 20..3600000 ms without a voice, not {self.silence}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inject:
    """Open a stream of audio towards the far end; feed it with ``InjectAudio``; ends ``Finished`` after ``last``.

    Counts as a Play (same queue). At most ``backlog`` ms are buffered, what exceeds it is refused (``Failed``).
    """

    id: CommandId
    session: SessionId
    rate: int = 8000
    backlog: int = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectAudio:
    """Samples for the stream ``stream`` (the id of an ``Inject``). Has no id of its own and no reply."""

    stream: CommandId
    data: bytes
    last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectMark:
    """Tell (``MarkReached``) when all that the stream ``stream`` was fed before has been sent. No id and no reply.

    At most 1024 marks wait in a stream; one more fails it.
    """

    stream: CommandId
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectClear:
    """Drop what waits in the stream ``stream``; its marks are told as cleared. No id and no reply."""

    stream: CommandId


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Tell what the session has seen of its line so far. ``Finished`` at once, with ``Measured``."""

    id: CommandId
    session: SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Stop the command ``target`` at once: it ends ``Cancelled`` unless it had ended already. No reply of its own."""

    target: CommandId


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSession:
    """Close the sockets. All commands of the session end ``Cancelled`` first; then ``Finished`` with ``Closed``."""

    id: CommandId
    session: SessionId


Command = (
    OpenSession
    | OpenToBrowser
    | Connect
    | Play
    | SendDigits
    | Record
    | PauseRecording
    | ResumeRecording
    | Bridge
    | Join
    | ChangeMember
    | Announce
    | RecordRoom
    | Tap
    | Detect
    | Inject
    | InjectAudio
    | InjectMark
    | InjectClear
    | Measure
    | Supply
    | SetGain
    | Cancel
    | CloseSession
)

UNANSWERED = Cancel | InjectAudio | InjectMark | InjectClear | SetGain | Supply | PauseRecording | ResumeRecording
"""Commands without an id, and so without an end."""

__all__ = ["AudioData", "AudioFile", "AudioSource", "Pcm", "Silence", "StreamId", "Supplied", "Tone"]
"""Sources that commands carry, for who imports them from here; the commands themselves are public anyway."""
