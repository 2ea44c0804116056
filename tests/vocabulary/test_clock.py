"""The clock that tests move by hand."""

from __future__ import annotations

from datetime import UTC, datetime

from offhook.vocabulary.clock import FrozenClock, SystemClock


def test_both_clocks_move_together() -> None:
    clock = FrozenClock(datetime(2026, 3, 1, tzinfo=UTC))
    clock.advance(61.5)
    assert clock.monotonic() == 61.5
    assert clock.utc() == datetime(2026, 3, 1, 0, 1, 1, 500_000, tzinfo=UTC)


def test_the_systems_clock_is_in_utc_and_goes_forward() -> None:
    clock = SystemClock()
    assert clock.utc().tzinfo is UTC
    first = clock.monotonic()
    assert clock.monotonic() >= first
