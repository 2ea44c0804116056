"""Lines that lose, repeat, delay and reorder messages, the same in every run of a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

from offhook.sip.testing import Fate


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """Shares of messages, and seconds."""

    lost: float = 0.0
    repeated: float = 0.0
    delay: float = 0.02
    jitter: float = 0.0
    """Up to so much more: what is sent later may come first."""
    bursts: float = 0.0
    """Chance that a message begins a gap in which everything is lost, ``gap`` messages long."""
    gap: int = 3

    def fate(self, seed: int) -> Fate:
        """What becomes of each message, in order."""
        dice = random.Random(seed)
        left = 0

        def delays(_data: bytes) -> list[float]:
            nonlocal left
            if left > 0:
                left -= 1
                return []
            if dice.random() < self.bursts:
                left = self.gap - 1
                return []
            if dice.random() < self.lost:
                return []
            copies = 2 if dice.random() < self.repeated else 1
            return [self.delay + dice.random() * self.jitter for _ in range(copies)]

        return delays


BAD_LINES = {
    "loses": BadLine(lost=0.2),
    "repeats": BadLine(repeated=0.5, jitter=0.7),
    "reorders": BadLine(jitter=0.6),
    "loses bursts": BadLine(bursts=0.08, gap=4),
    "does it all": BadLine(lost=0.15, repeated=0.15, jitter=0.4),
}
