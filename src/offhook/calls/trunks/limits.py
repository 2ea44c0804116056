"""Limits of a trunk: calls at once, and calls begun in a second (a token bucket)."""

from __future__ import annotations


class TokenBucket:
    """``rate`` tokens a second, at most one second's worth at once, and never less than one."""

    def __init__(self, rate: float, now: float) -> None:
        """``rate``: > 0."""
        self._rate = rate
        self._size = max(1.0, rate)
        self._tokens = self._size
        self._when = now

    def take(self, now: float) -> bool:
        """Take one; False when there is none."""
        self._tokens = min(self._size, self._tokens + (now - self._when) * self._rate)
        self._when = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Limits:
    """How much of a trunk is in use."""

    def __init__(self) -> None:
        self.calls = 0
        """Channels that are seized."""
        self._bucket: TokenBucket | None = None
        self._rate = 0.0

    def seize(self, *, max_calls: int, calls_per_second: float, now: float) -> str:
        """Take a channel; empty when it is taken, else the limit that stands in the way. 0 means no limit."""
        if 0 < max_calls <= self.calls:
            return f"its limit of {max_calls} calls at once is reached"
        if calls_per_second != self._rate:
            self._rate = calls_per_second
            self._bucket = TokenBucket(calls_per_second, now) if calls_per_second > 0 else None
        if self._bucket is not None and not self._bucket.take(now):
            return f"its limit of {calls_per_second:g} calls a second is reached"
        self.calls += 1
        return ""

    def release(self) -> None:
        """Give the channel back."""
        self.calls -= 1
