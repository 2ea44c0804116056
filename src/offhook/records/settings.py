"""Settings of the journal and of look-ups."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsSettings:
    """How events become rows."""

    commit_interval: float = 0.02
    """Seconds from the start of one commit to the start of the next at least, 0..1; calls meanwhile share the next."""
    linger: float = 0.1
    """Seconds that events nobody waits for may stay uncommitted, 0..5."""
    backlog: int = 100_000
    """Events kept in memory while the database is away, 1000..10000000; when full, news of calls displaces older news."""
    settle: float = 10.0
    """Seconds that an acknowledgement waits for the database, 0.1..60, before it is refused."""
    write: float = 30.0
    """Seconds for one batch, 1..300."""
    retry: float = 30.0
    """Longest pause in seconds between two attempts to reach the database, 0.1..600."""
    heartbeat: float = 10.0
    """Seconds between two signs of life in the database, 1..600."""
    lookup_ttl: float = 5.0
    """Seconds for which a looked-up number, client or account is believed, 0..3600."""
    lookup_limit: int = 10_000
    """Looked-up things kept, 100..1000000; the least recently used goes. The names of an organization are all kept as long as
    they are not more."""
    lookup_wait: float = 1.0
    """Seconds for one look-up, 0.1..10."""

    def __post_init__(self) -> None:
        if self.backlog < 1:
            raise ValueError("records.backlog must be 1 or more, or nothing would be recorded")
