"""Time as an argument: the port through which anything that is no adapter learns what time it is."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Wall time for records, monotonic time for durations."""

    def utc(self) -> datetime:
        """The present moment, timezone UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never steps."""
        ...


class FrozenClock:
    """A clock that tests move by hand."""

    def __init__(self, at: datetime | None = None) -> None:
        self._utc = at or datetime(2026, 1, 1, tzinfo=UTC)
        self._monotonic = 0.0

    def utc(self) -> datetime:
        return self._utc + timedelta(seconds=self._monotonic)

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move both clocks by ``seconds``."""
        self._monotonic += seconds


class SystemClock:
    """The machine's own clocks; for adapters and node.py only."""

    def utc(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()
