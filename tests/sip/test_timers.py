from __future__ import annotations

from offhook.sip.timers import Timers


def test_timers_fire_in_order_and_equal_moments_in_the_order_they_were_set() -> None:
    timers, fired = Timers(), []
    for name, when in (("b", 2.0), ("a", 1.0), ("c", 2.0)):
        timers.start(when, lambda _now, name=name: fired.append(name))
    assert timers.deadline() == 1.0
    timers.expire(2.0)
    assert fired == ["a", "b", "c"]
    assert len(timers) == 0


def test_a_stopped_timer_neither_fires_nor_counts_nor_wakes() -> None:
    timers, fired = Timers(), []
    timer = timers.start(1.0, fired.append)
    timer.stop()
    timer.stop()
    assert (len(timers), timers.deadline()) == (0, None)
    timers.expire(5.0)
    assert fired == []


def test_stopped_timers_do_not_pile_up() -> None:
    timers = Timers()
    for _ in range(20_000):
        timers.start(1000.0, lambda _now: None).stop()
    assert len(timers._heap) < 10_000
    assert len(timers) == 0


def test_a_timer_set_for_now_while_firing_fires_too() -> None:
    timers, fired = Timers(), []
    timers.start(1.0, lambda now: timers.start(now, fired.append) and None)
    timers.expire(1.0)
    assert fired == [1.0]
