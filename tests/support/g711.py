"""G.711 for tests, by tables: 16-bit samples as numpy arrays to bytes and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]


def _decoded_ulaw() -> Samples:
    code = ~np.arange(256) & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84 << (code >> 4 & 7)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _decoded_alaw() -> Samples:
    code = np.arange(256) ^ 0x55
    segment = code >> 4 & 7
    magnitude = (code & 0x0F) << 4 | 8
    magnitude = np.where(segment, (magnitude + 0x100) << np.maximum(segment - 1, 0), magnitude)
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _nearest(table: Samples) -> NDArray[np.uint8]:
    """For each 16-bit sample (as an unsigned index) the code that comes closest."""
    order = np.argsort(table, kind="stable")
    levels = table[order].astype(np.int32)
    samples = np.arange(-32_768, 32_768)
    above = np.clip(np.searchsorted(levels, samples), 1, 255)
    lower = samples - levels[above - 1] <= levels[above] - samples
    codes = order[np.where(lower, above - 1, above)].astype(np.uint8)
    return np.roll(codes, 32_768)


DECODE = {"PCMU": _decoded_ulaw(), "PCMA": _decoded_alaw()}
_ENCODE = {name: _nearest(table) for name, table in DECODE.items()}


def encode(samples: Samples, codec: str = "PCMU") -> bytes:
    """G.711 bytes of 16-bit samples."""
    return bytes(_ENCODE[codec][samples.view(np.uint16)].tobytes())


def decode(data: bytes, codec: str = "PCMU") -> Samples:
    """16-bit samples of G.711 bytes."""
    return DECODE[codec][np.frombuffer(data, np.uint8)]
