"""Settings of logs."""

from __future__ import annotations

from dataclasses import dataclass

LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """Section ``log``."""

    level: str = "info"
    """Least weight that is written: debug (the wire), info (facts in the life of a call), warning, error."""
    json: bool = False
    """One JSON object per line instead of text for people."""

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise ValueError(f"log.level: {self.level!r}; choose from {', '.join(LEVELS)}")
