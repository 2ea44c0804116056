"""Failed logins per source address: after so many within a window, the source waits."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Self

from offhook.api.settings import ApiSettings
from offhook.vocabulary.clock import Clock


@dataclass(slots=True)
class _Tally:
    began: float
    failures: int


class Lockout:
    """Counts failures in fixed windows. Bounded: past ``sources`` the address that failed longest ago is forgotten."""

    def __init__(self, *, clock: Clock, failures: int, window: float, sources: int) -> None:
        self._clock = clock
        self._failures = failures
        self._window = window
        self._sources = sources
        self._tallies: OrderedDict[str, _Tally] = OrderedDict()

    @classmethod
    def configured(cls, settings: ApiSettings, *, clock: Clock) -> Self:
        """With the bounds of the settings."""
        return cls(
            clock=clock,
            failures=settings.login_failures,
            window=settings.login_window,
            sources=settings.login_sources,
        )

    def wait(self, source: str) -> float:
        """Seconds until ``source`` may try again; 0 when it may now."""
        tally = self._tallies.get(source)
        if tally is None or tally.failures < self._failures:
            return 0.0
        return max(0.0, tally.began + self._window - self._clock.monotonic())

    def failed(self, source: str) -> None:
        """Count a failed login."""
        now = self._clock.monotonic()
        tally = self._tallies.pop(source, None)
        if tally is None or now - tally.began >= self._window:
            tally = _Tally(began=now, failures=0)
        tally.failures += 1
        self._tallies[source] = tally
        if len(self._tallies) > self._sources:
            self._tallies.popitem(last=False)
