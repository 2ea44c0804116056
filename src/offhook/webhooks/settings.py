"""Settings of status callbacks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """How callbacks are delivered and how often again."""

    attempts: int = 12
    """Per callback, 1..100; after the last it is dead."""
    first_delay: float = 1.0
    """Seconds until the second attempt, 0.1..3600; doubles each time, give or take half."""
    longest_delay: float = 900.0
    """Seconds between two attempts at most, 1..86400."""
    per_host: int = 16
    """Deliveries to one host at the same time, 1..1000: a slow application delays its own callbacks only."""
    window: int = 10_000
    """Undelivered callbacks in memory, 100..1000000; more wait in the database."""
    answer_limit: int = 65_536
    """Bytes of an answer that are read, 0..1000000; what it says does not matter."""

    def __post_init__(self) -> None:
        if min(self.attempts, self.per_host, self.window) < 1:
            raise ValueError("webhooks.attempts, per_host and window must be 1 or more, or nothing would be delivered")
