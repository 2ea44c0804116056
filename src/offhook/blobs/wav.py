"""Mends WAV files that a crash left behind: the header then tells less than the file holds (RIFF/WAVE, PCM)."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

_CHUNKS: Final = 64
"""Chunks looked at before the audio; a real file has two or three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """What a file holds."""

    duration: int
    """Milliseconds."""
    channels: int
    rate: int


def repair(path: Path) -> Audio | None:
    """Make the header tell all audio that is in the file. None when there is none, or no WAV header to mend.

    Raises ``OSError``.
    """
    try:
        with path.open("r+b") as file:
            return _repair(file)
    except FileNotFoundError:
        return None


def _repair(file: BinaryIO) -> Audio | None:
    size = os.fstat(file.fileno()).st_size
    if file.read(4) != b"RIFF" or file.seek(8) != 8 or file.read(4) != b"WAVE":
        return None
    channels = rate = block = 0
    for _ in range(_CHUNKS):
        header = file.read(8)
        if len(header) < 8:
            return None
        name, length = struct.unpack("<4sI", header)
        start = file.tell()
        if name == b"data":
            return _mend(file, start, size, channels, rate, block)
        if name == b"fmt ":
            content = file.read(16)
            if len(content) < 16:
                return None
            _, channels, rate, _, block, _ = struct.unpack("<HHIIHH", content)
        file.seek(start + length + length % 2)
    return None


def _mend(file: BinaryIO, start: int, size: int, channels: int, rate: int, block: int) -> Audio | None:
    if not channels or not rate or not block:
        return None
    length = min(size - start, 0xFFFF_FFFF - start)
    length -= length % block
    if length <= 0:
        return None
    file.truncate(start + length)
    file.seek(start - 4)
    file.write(struct.pack("<I", length))
    file.seek(4)
    file.write(struct.pack("<I", start + length - 8))
    file.flush()
    os.fsync(file.fileno())
    return Audio(duration=length // block * 1000 // rate, channels=channels, rate=rate)
