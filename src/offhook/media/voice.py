"""What counts as voice, where something listens for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Raises ``ValueError`` for numbers that no line has."""

    level: float = -42.0
    """dBm0 that a voice has at least, -70..0."""
    above_noise: float = 9.0
    """dB by which it is above the noise of the line, 0..40."""
    onset: int = 60
    """Milliseconds of voiced sound after which it is one, 20..2000."""
    hangover: int = 300
    """Milliseconds of quiet after which it is over, 20..10000."""

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("level", self.level, -70, 0),
            ("above_noise", self.above_noise, 0, 40),
            ("onset", self.onset, 20, 2000),
            ("hangover", self.hangover, 20, 10_000),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name} of a voice is {low}..{high}, not {value}")
