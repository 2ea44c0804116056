"""Settings of recordings: how they are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FORMATS: Final = ("wav", "ogg")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingSettings:
    """Section ``recordings``."""

    format: str = "wav"
    """How recordings are written: ``wav``, or ``ogg`` (Opus, about a tenth of the size)."""
    reserve: int = 256
    """Mebibytes that must be free on disk for a recording to begin, 0..1048576; a call without one goes on."""

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise ValueError(f"recordings.format {self.format!r} is not one of {', '.join(FORMATS)}")
