"""Settings of the database."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """Which database, and how long to wait for it."""

    url: str = ""
    """``postgresql://user:password@host/name``, ``sqlite:///path``; empty: ``offhook.db`` in the data directory."""
    connections: int = 10
    """Open connections at most, 1..100."""
    wait: float = 5.0
    """Seconds to wait for a connection or a lock, 0.1..60."""

    def __post_init__(self) -> None:
        if not 1 <= self.connections <= 100:
            raise ValueError(f"store.connections {self.connections} is not in 1..100")
