from __future__ import annotations

from offhook.calls.trunks.limits import Limits


def test_no_more_calls_than_the_limit_are_there_at_once() -> None:
    limits = Limits()
    assert [limits.seize(max_calls=2, calls_per_second=0, now=0) for _ in range(3)][:2] == ["", ""]
    assert "2 calls at once" in limits.seize(max_calls=2, calls_per_second=0, now=0)
    limits.release()
    assert limits.seize(max_calls=2, calls_per_second=0, now=0) == ""
    assert limits.calls == 2


def test_a_rate_below_one_lets_a_call_begin_now_and_then() -> None:
    limits = Limits()
    begun = [now for now in range(20) if not limits.seize(max_calls=0, calls_per_second=0.25, now=float(now))]
    assert begun == [0, 4, 8, 12, 16]


def test_a_changed_rate_counts_from_now_on() -> None:
    limits = Limits()
    assert limits.seize(max_calls=0, calls_per_second=1, now=0) == ""
    assert "1 calls a second" in limits.seize(max_calls=0, calls_per_second=1, now=0)
    assert limits.seize(max_calls=0, calls_per_second=5, now=0) == ""


def test_a_call_that_came_in_takes_a_channel_and_no_part_of_the_rate() -> None:
    limits = Limits()
    assert [limits.occupy(max_calls=3) for _ in range(2)] == ["", ""]
    assert limits.seize(max_calls=3, calls_per_second=1, now=0) == ""
    assert "3 calls at once" in limits.occupy(max_calls=3)
    limits.release()
    assert limits.occupy(max_calls=3) == ""
    assert limits.occupy(max_calls=0) == ""
