from __future__ import annotations

from offhook.calls.trunks.health import LONGEST_PAUSE, Health, State
from offhook.calls.trunks.trunk import Probing

WATCHED = Probing(interval=30, down_after=2, up_after=2)
UNWATCHED = Probing(interval=0, down_after=1, retry_interval=30)


def test_a_gateway_is_taken_out_after_so_many_failures_in_a_row_and_says_why_and_since_when() -> None:
    health = Health(0)
    assert not health.failed("no answer", 1, WATCHED)
    health.worked(2, WATCHED)
    assert not health.failed("no answer", 3, WATCHED)
    assert health.usable(3)
    assert health.failed("no answer", 4, WATCHED)
    condition = health.condition(5)
    assert (condition.state, condition.reason, condition.since) == (State.DOWN, "no answer", 4)
    assert not health.usable(5)


def test_it_returns_after_so_many_answers_in_a_row() -> None:
    health = Health(0)
    health.failed("x", 0, WATCHED)
    health.failed("x", 0, WATCHED)
    assert health.worked(30, WATCHED)
    assert health.condition(30).state is State.PROBING
    health.failed("x", 60, WATCHED)
    assert health.condition(60).state is State.DOWN
    health.worked(90, WATCHED)
    assert health.worked(120, WATCHED)
    assert (health.condition(121).state, health.condition(121).since) == (State.UP, 120)
    assert health.usable(121)


def test_one_that_nobody_asks_is_tried_with_a_call_after_a_pause() -> None:
    health = Health(0)
    assert health.failed("refused", 0, UNWATCHED)
    assert not health.usable(29)
    assert health.usable(30)
    assert health.condition(30).state is State.PROBING
    health.failed("refused", 31, UNWATCHED)
    assert not health.usable(60)
    assert health.usable(61)
    health.worked(62, UNWATCHED)
    assert health.condition(62).state is State.UP


def test_a_pause_that_it_asks_for_is_kept_and_not_longer_than_is_believable() -> None:
    health = Health(0)
    assert health.busy(10, "503", 0)
    assert health.resting(9.9)
    health.worked(5, WATCHED)
    assert health.resting(9.9)
    assert health.usable(10)
    assert health.condition(10).state is State.UNKNOWN
    health.busy(1e9, "503", 20)
    assert health.resting(20 + LONGEST_PAUSE - 1)
    assert not health.resting(20 + LONGEST_PAUSE)


def test_one_that_is_there_and_takes_no_calls_is_tried_with_a_call_after_a_pause_whatever_it_says_to_options() -> None:
    health = Health(0)
    health.failed("503", 0, WATCHED, there=True)
    health.worked(1, WATCHED, call=False)
    assert health.failed("503", 2, WATCHED, there=True)
    assert not health.worked(3, WATCHED, call=False)
    assert health.condition(31.9).state is State.DOWN
    assert health.usable(32)
    health.failed("503", 33, WATCHED, there=True)
    assert not health.usable(62)
    assert health.usable(63)
    health.worked(64, WATCHED)
    health.worked(65, WATCHED)
    assert health.condition(65).state is State.UP
    assert not health.failed("503", 66, WATCHED, there=True)


def test_one_that_answers_options_after_its_pause_still_needs_but_one_more_call_to_be_taken_out_again() -> None:
    health = Health(0)
    health.failed("500", 0, WATCHED, there=True)
    health.failed("500", 0, WATCHED, there=True)
    health.worked(40, WATCHED, call=False)
    health.worked(70, WATCHED, call=False)
    assert health.condition(70).state is State.UP
    assert health.failed("500", 71, WATCHED, there=True)
    assert not health.usable(72)


def test_one_that_was_silent_returns_by_options_though_it_once_refused_a_call() -> None:
    health = Health(0)
    health.failed("500", 0, WATCHED, there=True)
    health.failed("no answer", 1, WATCHED)
    assert not health.usable(2)
    health.worked(3, WATCHED, call=False)
    health.worked(4, WATCHED, call=False)
    assert health.condition(4).state is State.UP


def test_one_that_was_down_gets_one_call_at_a_time_until_it_is_up() -> None:
    health = Health(0)
    health.failed("x", 0, UNWATCHED)
    assert health.usable(30)
    health.tried(now=True)
    assert not health.usable(31)
    health.tried(now=False)
    assert health.usable(32)
    health.tried(now=True)
    health.worked(33, UNWATCHED)
    health.tried(now=True)
    assert health.usable(34)
