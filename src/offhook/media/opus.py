"""Opus (RFC 6716) as the engine is told of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Opus:
    """How Opus is encoded."""

    bitrate: int = 32_000
    """Bits per second on average, 6000..510000."""
    complexity: int = 5
    """0..10; CPU against quality."""
    fec: bool = True
    """Put a coarse copy of each packet into the next one."""
    dtx: bool = False
    """Send next to nothing while there is silence."""
