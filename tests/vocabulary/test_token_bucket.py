from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from offhook.vocabulary.token_bucket import TokenBucket


@given(st.floats(0.1, 50), st.lists(st.floats(0, 1), max_size=200))
def test_a_bucket_never_lets_more_through_than_its_rate_and_one_second_more(rate: float, steps: list[float]) -> None:
    size = max(1.0, rate)
    bucket, now, taken = TokenBucket(size, 0.0), 0.0, 0
    for step in steps:
        now += step
        taken += bucket.take(now, rate, size)
    assert taken <= now * rate + max(1.0, rate) + 1e-6
