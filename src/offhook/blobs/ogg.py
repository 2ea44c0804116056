"""Mends Ogg/Opus files that a crash left behind: what is not a whole page goes, and the last page says so (RFC 3533)."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from offhook.blobs.wav import Audio

_HEADER: Final = 27
_FIRST: Final = 2
_LAST: Final = 4
_UNITS: Final = 48
"""Granule positions per millisecond (RFC 7845 section 4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    length: int
    """Bytes."""
    granule: int
    """Position at its end."""
    first: bool
    """Whether a stream begins with it."""


def repair(path: Path) -> Audio | None:
    """End the stream on its last whole page. None when there is no audio, or no Ogg/Opus file to mend.

    Raises ``OSError``.
    """
    try:
        with path.open("r+b") as file:
            return _repair(file)
    except FileNotFoundError:
        return None


def _repair(file: BinaryIO) -> Audio | None:
    size = os.fstat(file.fileno()).st_size
    head = _identification(file)
    if head is None:
        return None
    channels, lead, rate = head
    # One that went on after a rest is a chain of streams, each with a lead of its own.
    at = last = position = before = 0
    while (page := _page(file, at, size)) is not None:
        before += position if page.first else 0
        last, position = at, max(0, page.granule - lead)
        at += page.length
    duration = (before + position) // _UNITS
    if duration == 0:
        return None
    _end(file, last, at)
    return Audio(duration=duration, channels=channels, rate=rate)


def _end(file: BinaryIO, start: int, stop: int) -> None:
    """Make the page between two offsets the last one of the file."""
    file.seek(start)
    page = bytearray(file.read(stop - start))
    page[5] |= _LAST
    page[22:26] = bytes(4)
    page[22:26] = struct.pack("<I", _checksum(page))
    file.seek(start)
    file.write(page)
    file.truncate(stop)
    file.flush()
    os.fsync(file.fileno())


def _page(file: BinaryIO, at: int, size: int) -> _Page | None:
    """The page at an offset; None when none is whole there."""
    file.seek(at)
    header = file.read(_HEADER)
    if len(header) < _HEADER or header[:5] != b"OggS\0":
        return None
    segments = file.read(header[26])
    length = _HEADER + len(segments) + sum(segments)
    if len(segments) < header[26] or at + length > size:
        return None
    return _Page(length=length, granule=int.from_bytes(header[6:14], "little"), first=bool(header[5] & _FIRST))


def _identification(file: BinaryIO) -> tuple[int, int, int] | None:
    """Channels, units to skip at the start, and hertz of what was recorded."""
    file.seek(_HEADER + 1)
    head = file.read(19)
    if len(head) < 19 or head[:8] != b"OpusHead":
        return None
    channels, lead, rate = struct.unpack_from("<BHI", head, 9)
    return channels, lead, rate


def _checksum(page: bytearray) -> int:
    total = 0
    for byte in page:
        total = (total << 8 & 0xFFFF_FFFF) ^ _TABLE[total >> 24 ^ byte]
    return total


def _row(byte: int) -> int:
    total = byte << 24
    for _ in range(8):
        total = (total << 1 & 0xFFFF_FFFF) ^ (0x04C1_1DB7 if total >> 31 else 0)
    return total


_TABLE: Final = tuple(map(_row, range(256)))
