"""RIFF/WAVE files in plain Python: PCM of 8 and 16 bits, mu-law and A-law (ITU-T G.711); for the twin engine and tests.

The native engine reads and writes its own; nothing here is fast enough for a live call.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

RATE = 8000
"""Samples per second of a telephone line."""

_PCM, _ALAW, _ULAW, _EXTENSIBLE = 1, 6, 7, 0xFFFE


class WavInvalid(ValueError):
    """These bytes are no WAV file, or of a kind that is not supported; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Decoded audio: 16-bit samples, channels interleaved."""

    rate: int
    channels: int
    samples: array[int]

    @property
    def duration(self) -> int:
        """Milliseconds."""
        return len(self.samples) // self.channels * 1000 // self.rate

    def channel(self, index: int) -> array[int]:
        """The samples of one channel."""
        return self.samples[index :: self.channels]

    def line(self) -> array[int]:
        """Mixed down to one channel, at 8 kHz."""
        mono = self.samples
        if self.channels > 1:
            columns = zip(*(self.channel(index) for index in range(self.channels)), strict=True)
            mono = array("h", (sum(column) // self.channels for column in columns))
        return resampled(mono, self.rate, RATE)


def read_wav(data: bytes) -> Wave:
    """Decode a whole file; raises ``WavInvalid``. A data chunk longer than the file ends with the file."""
    form: tuple[int, int, int, int] | None = None
    for name, body in _chunks(data):
        if name == b"fmt ":
            form = _format(body)
        elif name == b"data":
            if form is None:
                raise WavInvalid("the data chunk comes before the format chunk")
            kind, channels, rate, bits = form
            samples = _decode(kind, bits, body)
            whole = len(samples) // channels * channels
            return Wave(rate=rate, channels=channels, samples=samples[:whole])
    raise WavInvalid("there is no data chunk")


def wav_bytes(samples: array[int], *, rate: int = RATE, channels: int = 1) -> bytes:
    """A file of 16-bit PCM."""
    return wav_header(len(samples) * 2, rate=rate, channels=channels) + pcm_bytes(samples)


def wav_header(size: int, *, rate: int = RATE, channels: int = 1) -> bytes:
    """What precedes ``size`` bytes of 16-bit PCM in a file."""
    form = struct.pack("<HHIIHH", _PCM, channels, rate, rate * channels * 2, channels * 2, 16)
    head = struct.pack("<4sI4s4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16)
    return head + form + struct.pack("<4sI", b"data", size)


def pcm_bytes(samples: array[int]) -> bytes:
    """16-bit little-endian bytes of samples."""
    if sys.byteorder == "big":
        samples = samples[:]
        samples.byteswap()
    return samples.tobytes()


def pcm_samples(data: bytes) -> array[int]:
    """Samples of 16-bit little-endian bytes; an odd last byte is left out."""
    samples = array("h")
    samples.frombytes(data[: len(data) & ~1])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def resampled(samples: array[int], rate: int, to: int) -> array[int]:
    """By linear interpolation: good enough for ears that only count tones."""
    if rate == to or not samples:
        return samples
    length = len(samples) * to // rate
    last = len(samples) - 1
    out = array("h", bytes(2 * length))
    for index in range(length):
        whole, part = divmod(index * rate, to)
        left = samples[whole]
        out[index] = left + (samples[min(whole + 1, last)] - left) * part // to
    return out


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise WavInvalid("not a RIFF/WAVE file")
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        yield name, data[at + 8 : at + 8 + size]
        at += 8 + size + (size & 1)


def _format(body: bytes) -> tuple[int, int, int, int]:
    if len(body) < 16:
        raise WavInvalid("the format chunk is too short")
    kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if kind == _EXTENSIBLE and len(body) >= 26:
        (kind,) = struct.unpack_from("<H", body, 24)
    if (kind, bits) not in {(_PCM, 8), (_PCM, 16), (_ALAW, 8), (_ULAW, 8)}:
        raise WavInvalid(f"audio format {kind} with {bits} bits is not supported")
    if channels not in (1, 2) or not 1000 <= rate <= 384_000:
        raise WavInvalid(f"{channels} channels at {rate} Hz are not supported")
    return kind, channels, rate, bits


def _decode(kind: int, bits: int, body: bytes) -> array[int]:
    match kind, bits:
        case 1, 16:
            return pcm_samples(body)
        case 1, _:
            return array("h", ((byte - 128) << 8 for byte in body))
        case 6, _:
            return array("h", map(_ALAW_TABLE.__getitem__, body))
        case _:
            return array("h", map(_ULAW_TABLE.__getitem__, body))


def _ulaw(code: int) -> int:
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84 << (code >> 4 & 7)) - 0x84
    return -magnitude if code & 0x80 else magnitude


def _alaw(code: int) -> int:
    code ^= 0x55
    segment = code >> 4 & 7
    magnitude = (code & 0x0F) << 4 | 8
    if segment:
        magnitude = magnitude + 0x100 << segment - 1
    return magnitude if code & 0x80 else -magnitude


_ULAW_TABLE = tuple(map(_ulaw, range(256)))
_ALAW_TABLE = tuple(map(_alaw, range(256)))
