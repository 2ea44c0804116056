from __future__ import annotations

from offhook.api.lockout import Lockout
from offhook.vocabulary.clock import FrozenClock


def make(sources: int = 10) -> tuple[Lockout, FrozenClock]:
    clock = FrozenClock()
    return Lockout(clock=clock, failures=3, window=60.0, sources=sources), clock


def test_a_source_waits_after_too_many_failures_until_the_window_ends() -> None:
    lockout, clock = make()
    for _ in range(3):
        assert lockout.wait("a") == 0
        lockout.failed("a")
        clock.advance(10)
    assert lockout.wait("a") == 30
    assert lockout.wait("b") == 0
    clock.advance(30)
    assert lockout.wait("a") == 0
    lockout.failed("a")
    assert lockout.wait("a") == 0, "a new window begins"


def test_only_so_many_sources_are_remembered_and_the_idlest_is_forgotten() -> None:
    lockout, _ = make(sources=2)
    for source in ("a", "a", "b", "b", "b", "a", "c"):
        lockout.failed(source)
    assert [lockout.wait(source) > 0 for source in ("a", "b", "c")] == [True, False, False]
