"""A token bucket: so many a second on average, so many at once. A machine without clock: ``now`` is an argument."""

from __future__ import annotations


class TokenBucket:
    """Full at first. Its owner says rate and size at each take, so that both may change."""

    __slots__ = ("_tokens", "_when")

    def __init__(self, size: float, now: float) -> None:
        """``size`` tokens at ``now`` (seconds)."""
        self._tokens = size
        self._when = now

    def take(self, now: float, rate: float, size: float) -> bool:
        """Take one token; False when there is none. ``rate`` come in a second, > 0, and at most ``size`` stay, >= 1."""
        self._tokens = min(size, self._tokens + (now - self._when) * rate)
        self._when = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
