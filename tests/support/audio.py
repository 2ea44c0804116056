"""Measures of sound for tests: which tones are in it, how loud, from when to when, and how torn it is.

Levels are dBm0: a sine at 0 dBm0 peaks 3.14 dB below full scale (ITU-T G.711).
"""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
RATE = 8000
FULL_SCALE = 3.14
NOTHING = -99.0


def sine(hertz: float, milliseconds: int, level: float = -12.0, rate: int = RATE) -> Samples:
    """A tone."""
    peak = 32_767 * 10 ** ((level - FULL_SCALE) / 20)
    steps = np.arange(milliseconds * rate // 1000)
    samples: Samples = np.round(peak * np.sin(2 * np.pi * hertz / rate * steps)).astype(np.int16)
    return samples


def silence(milliseconds: int, rate: int = RATE) -> Samples:
    return np.zeros(milliseconds * rate // 1000, np.int16)


def level_at(samples: Samples, hertz: float, rate: int = RATE) -> float:
    """dBm0 of one frequency over all of ``samples`` (one bin of a Hann-windowed transform)."""
    if not len(samples):
        return NOTHING
    window = np.hanning(len(samples))
    turn = np.exp(-2j * np.pi * hertz / rate * np.arange(len(samples)))
    amplitude = 2 * abs(np.dot(samples * window, turn)) / max(window.sum(), 1e-9)
    return _decibels(amplitude)


def loudness(samples: Samples) -> float:
    """dBm0 of the whole: of the sine that has the same power."""
    if not len(samples):
        return NOTHING
    return _decibels(float(np.sqrt(2 * np.mean(samples.astype(np.float64) ** 2))))


def strongest(samples: Samples, rate: int = RATE) -> float:
    """The frequency that stands out, in hertz; 0 in silence."""
    if loudness(samples) < -60:
        return 0.0
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate / len(samples))


def envelope(samples: Samples, milliseconds: int = 20, rate: int = RATE) -> NDArray[np.float64]:
    """Loudness (dBm0) of one frame after the other."""
    size = milliseconds * rate // 1000
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    return np.array([loudness(frame) for frame in frames], np.float64)


def presence(samples: Samples, hertz: float, *, above: float = -25.0, frame: int = 40, rate: int = RATE) -> int:
    """For how many milliseconds a tone is there, in frames of ``frame`` ms."""
    size = frame * rate // 1000
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    return sum(level_at(piece, hertz, rate) > above for piece in frames) * frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Tear:
    """A place where a steady tone is interrupted."""

    at: int
    """Milliseconds from the start."""
    kind: str
    """``dropout`` (it is quiet) or ``click`` (it jumps)."""


def tears(samples: Samples, hertz: float, rate: int = RATE) -> list[Tear]:
    """Dropouts and clicks within a steady tone, from its first sound to its last.

    A sine obeys x[n+1] = 2 cos(w) x[n] - x[n-1]; where the remainder exceeds a fifth of its peak, it was torn.
    """
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > 300)
    if not len(loud):
        return []
    first, last = int(loud[0]), int(loud[-1])
    steady = samples[first : last + 1].astype(np.float64)
    peak = np.percentile(np.abs(steady), 95)
    found = [
        Tear(at=round((first + start) * 1000 / rate), kind="dropout")
        for start in range(0, len(steady) - rate // 100, rate // 200)
        if np.max(np.abs(steady[start : start + rate // 100])) < peak / 10
    ]
    rest = steady[2:] - 2 * np.cos(2 * np.pi * hertz / rate) * steady[1:-1] + steady[:-2]
    jumps = np.flatnonzero(np.abs(rest) > peak / 5)
    found += [Tear(at=round((first + int(at)) * 1000 / rate), kind="click") for at in jumps]
    return sorted(found, key=lambda tear: tear.at)


def read_wav(path: str | Path) -> tuple[Samples, int]:
    """Samples (columns are channels when there are two) and rate of a 16-bit PCM file."""
    with wave.open(str(path)) as file:
        if file.getsampwidth() != 2:
            raise ValueError(f"{path} has {8 * file.getsampwidth()} bits")
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        return (samples.reshape(-1, file.getnchannels()) if file.getnchannels() > 1 else samples), file.getframerate()


def write_wav(path: str | Path, samples: Samples, rate: int = RATE) -> Path:
    """A 16-bit PCM file of one channel."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return Path(path)


def _decibels(amplitude: float) -> float:
    return float(20 * np.log10(amplitude / 32_767) + FULL_SCALE) if amplitude > 0.3 else NOTHING
