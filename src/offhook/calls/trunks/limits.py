"""Limits of a trunk: calls at once, and calls begun in a second (a token bucket)."""

from __future__ import annotations

from offhook.vocabulary.token_bucket import TokenBucket


class Limits:
    """How much of a trunk is in use."""

    def __init__(self) -> None:
        self.calls = 0
        """Channels that are seized."""
        self._bucket: TokenBucket | None = None
        self._rate = 0.0

    def seize(self, *, max_calls: int, calls_per_second: float, now: float) -> str:
        """Take a channel; empty when it is taken, else the limit that stands in the way. 0 means no limit."""
        if refusal := self._full(max_calls):
            return refusal
        at_once = max(1.0, calls_per_second)
        if calls_per_second != self._rate:
            self._rate = calls_per_second
            self._bucket = TokenBucket(at_once, now) if calls_per_second > 0 else None
        if self._bucket is not None and not self._bucket.take(now, calls_per_second, at_once):
            return f"its limit of {calls_per_second:g} calls a second is reached"
        self.calls += 1
        return ""

    def occupy(self, *, max_calls: int) -> str:
        """``seize`` for a call that came in: its rate is the carrier's."""
        refusal = self._full(max_calls)
        if not refusal:
            self.calls += 1
        return refusal

    def _full(self, max_calls: int) -> str:
        return f"its limit of {max_calls} calls at once is reached" if 0 < max_calls <= self.calls else ""

    def release(self) -> None:
        """Give the channel back."""
        self.calls -= 1
