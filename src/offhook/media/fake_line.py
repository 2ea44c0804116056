"""The twin engine's line: what the far end of one session says, hears and presses, on a clock of milliseconds.

No packets and no codecs: sound is remembered as what was meant, and made into samples only when somebody measures it.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import assert_never

from offhook.media.commands import (
    AudioData,
    AudioFile,
    AudioSource,
    Connect,
    Direction,
    Pcm,
    SessionId,
    Silence,
    Supplied,
    Tone,
)
from offhook.media.events import Statistics
from offhook.media.native import decode
from offhook.media.wav import RATE, pcm_samples, resampled

PER_MS = RATE // 1000
SPEECH = Tone(frequencies=(300.0, 550.0), on=0, level=-16.0)
"""What a far end that speaks for so many milliseconds sounds like."""
LOUD = 200
"""A sample beyond this is sound, not silence (about -44 dB of full scale)."""
FRAME = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Relayed:
    """What the far end of another session says, through a bridge or in a room."""

    session: SessionId
    gain: float = 0.0
    """dB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What is played to a whole room."""

    source: AudioSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Something the far end heard."""

    source: AudioSource | Relayed | Announced
    at: int
    """Milliseconds of the engine's clock."""
    duration: int | None
    """Milliseconds until it stopped; None while it goes on."""


@dataclass(slots=True, kw_only=True)
class Line:
    """One far end. The engine tells it what it hears; a test tells it what to say."""

    session: SessionId
    now: Callable[[], int]
    connection: Connect | None = None
    keys: list[str] = field(default_factory=list)
    """Keys that we sent it."""
    heard: list[Heard] = field(default_factory=list)
    """In the order in which it began."""
    _said: list[tuple[int, array[int]]] = field(default_factory=list)

    @property
    def sends_keys(self) -> bool:
        """Whether both ends know RFC 4733."""
        return self.connection is not None and self.connection.dtmf_payload_type is not None

    def hears(self, source: AudioSource | Relayed | Announced) -> Callable[[], None]:
        """It begins to hear ``source``; call what is returned when that stops."""
        if self.connection is None or self.connection.direction not in (Direction.SENDRECV, Direction.SENDONLY):
            return lambda: None
        index = len(self.heard)
        self.heard.append(Heard(source=source, at=self.now(), duration=None))

        def stops() -> None:
            heard = self.heard[index]
            self.heard[index] = replace(heard, duration=self.now() - heard.at)

        return stops

    def says(self, sound: bytes | int) -> int:
        """It speaks: samples at 8 kHz, or so many milliseconds of something; after what it already has to say.

        Returns when it will be silent again.
        """
        samples = pcm_samples(sound) if isinstance(sound, bytes) else tone_samples(replace(SPEECH, on=sound))
        begin = max(self.now(), self.silent_from())
        self._said.append((begin, samples))
        return self.silent_from()

    def said(self, since: int, until: int) -> array[int]:
        """Its voice between two times, silence included; nothing when we do not listen."""
        out = array("h", bytes(2 * max(0, until - since) * PER_MS))
        if self.connection is None or self.connection.direction not in (Direction.SENDRECV, Direction.RECVONLY):
            return out
        for begin, samples in self._said:
            _lay(out, (begin - since) * PER_MS, samples)
        return out

    def silent_for(self, since: int, silence: int) -> int:
        """When it will have been silent for ``silence`` ms, counted from ``since`` at the earliest."""
        quiet = since
        for begin, samples in self._said:
            for index in range(0, len(samples), FRAME * PER_MS):
                frame = samples[index : index + FRAME * PER_MS]
                at = begin + index // PER_MS
                if at + FRAME <= since or max(map(abs, frame)) <= LOUD:
                    continue
                if at - quiet >= silence:
                    return quiet + silence
                quiet = max(quiet, at + FRAME)
        return quiet + silence

    def sound(self, since: int, until: int, others: Callable[[SessionId], Line]) -> array[int]:
        """What it heard between two times, as samples: the sum of what a bridge or a room brought, covered by what was played."""
        out = array("h", bytes(2 * max(0, until - since) * PER_MS))
        covers: list[tuple[int, array[int]]] = []
        for heard in self.heard:
            end = until if heard.duration is None else heard.at + heard.duration
            offset = (heard.at - since) * PER_MS
            match heard.source:
                case Relayed(session=session, gain=gain):
                    _add(out, offset, others(session).said(heard.at, end), gain)
                case Announced(source=source):
                    _add(out, offset, source_samples(source)[: (end - heard.at) * PER_MS])
                case source:
                    covers.append((offset, source_samples(source)[: (end - heard.at) * PER_MS]))
        for offset, samples in covers:
            _lay(out, offset, samples)
        return out

    def statistics(self) -> Statistics:
        """What passed, in packets of 20 ms."""
        sent = sum(self.now() - heard.at if heard.duration is None else heard.duration for heard in self.heard)
        received = sum(len(samples) // PER_MS for _, samples in self._said)
        codec = None if self.connection is None else self.connection.codec.value
        return Statistics(
            codec_sent=codec,
            codec_received=codec if received else None,
            packets_sent=sent // FRAME,
            packets_received=received // FRAME,
        )

    def silent_from(self) -> int:
        """When it will have said all that it has to say."""
        if not self._said:
            return 0
        begin, samples = self._said[-1]
        return begin + len(samples) // PER_MS


def source_length(source: AudioSource) -> int | None:
    """Milliseconds of a source, None without end. Raises ``ValueError`` and ``OSError``."""
    match source:
        case AudioFile(path=path):
            return len(decoded(Path(path).read_bytes())) // PER_MS
        case AudioData(data=data):
            return len(decoded(data)) // PER_MS
        case Pcm(data=data, rate=rate):
            return len(data) // 2 * 1000 // rate
        case Supplied():
            return None
        case Silence(duration=duration):
            return duration
        case Tone(on=on, off=off, repeat=repeat):
            return (on + off) * repeat if repeat or not on + off else None
        case never:
            assert_never(never)


def source_samples(source: AudioSource) -> array[int]:
    """A source at 8 kHz; ten minutes of one that has no end. Raises ``ValueError`` and ``OSError``."""
    match source:
        case AudioFile(path=path):
            return decoded(Path(path).read_bytes())
        case AudioData(data=data):
            return decoded(data)
        case Pcm(data=data, rate=rate):
            return resampled(pcm_samples(data), rate, RATE)
        case Supplied():
            return array("h")  # it is heard as the samples that came
        case Silence(duration=duration):
            return array("h", bytes(2 * duration * PER_MS))
        case Tone(on=on, off=off, repeat=repeat):
            pause = array("h", bytes(2 * off * PER_MS))
            return (tone_samples(source) + pause) * (repeat or 600_000 // max(1, on + off))
        case never:
            assert_never(never)


def decoded(data: bytes) -> array[int]:
    """A sound file at 8 kHz. Raises ``ValueError``."""
    pcm, rate = decode(data)
    return resampled(pcm_samples(pcm), rate, RATE)


def tone_samples(tone: Tone) -> array[int]:
    """One ``on`` of a tone; a sine of 0 dBm0 peaks 3.14 dB below full scale (ITU-T G.711)."""
    peak = 32_767 * 10 ** ((tone.level - 3.14) / 20)
    steps = [math.tau * frequency / RATE for frequency in tone.frequencies]
    length = tone.on * PER_MS
    whole = all(frequency.is_integer() for frequency in tone.frequencies)
    period = array(
        "h",
        (
            max(-32_768, min(32_767, round(peak * math.fsum(math.sin(step * index) for step in steps))))
            for index in range(min(length, RATE) if whole else length)  # whole hertz: every second is like the first
        ),
    )
    return (period * (length // max(1, len(period)) + 1))[:length]


def _lay(out: array[int], offset: int, samples: array[int]) -> None:
    """Put ``samples`` over ``out`` from ``offset`` on, as far as they lie within it."""
    first = max(0, -offset)
    last = min(len(samples), len(out) - offset)
    if first < last:
        out[offset + first : offset + last] = samples[first:last]


def _add(out: array[int], offset: int, samples: array[int], gain: float = 0.0) -> None:
    """The same, but over what is there already; too loud is full scale."""
    factor = 10 ** (gain / 20)
    first = max(0, -offset)
    for index in range(first, min(len(samples), len(out) - offset)):
        if samples[index]:
            out[offset + index] = max(-32_768, min(32_767, out[offset + index] + round(samples[index] * factor)))
