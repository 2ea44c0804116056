from __future__ import annotations

import pytest

from offhook.calls.capacity import TOO_FAST, TOO_MANY_CALLS, CallLimits, Capacity
from offhook.calls.errors import Unroutable
from offhook.vocabulary.sids import AccountSid

ONE, OTHER = AccountSid("AC1"), AccountSid("AC2")


def refusal(capacity: Capacity, limits: CallLimits, *, now: float = 0.0, outgoing: bool = True) -> int | None:
    try:
        capacity.check(ONE, limits, now, outgoing=outgoing)
    except Unroutable as refused:
        return refused.code if refused.sip_code == 480 else -1
    return None


def test_without_limits_nothing_is_refused() -> None:
    capacity = Capacity()
    for _ in range(1000):
        assert refusal(capacity, CallLimits()) is None
        capacity.began(ONE)


def test_an_account_has_no_more_calls_than_it_may() -> None:
    capacity, limits = Capacity(), CallLimits(max_calls=2)
    for _ in range(2):
        assert refusal(capacity, limits) is None
        capacity.began(ONE)
    capacity.began(OTHER)
    assert refusal(capacity, limits) == TOO_MANY_CALLS
    capacity.ended(ONE)
    assert refusal(capacity, limits) is None
    capacity.ended(ONE)
    capacity.ended(OTHER)
    assert len(capacity) == 0


@pytest.mark.parametrize(("rate", "burst"), [(2.0, 10), (50.0, 50)])
def test_calls_may_come_in_a_burst_and_then_at_their_rate_in_each_direction(rate: float, burst: int) -> None:
    capacity, limits = Capacity(), CallLimits(calls_per_second=rate)
    assert [refusal(capacity, limits) for _ in range(burst + 1)] == [None] * burst + [TOO_FAST]
    assert refusal(capacity, limits, outgoing=False) is None
    later = [refusal(capacity, limits, now=1.0) for _ in range(int(rate) + 1)]
    assert later == [None] * int(rate) + [TOO_FAST]
