from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.dns import Naptr, Srv, by_order, by_priority
from offhook.sip.testing import counted_bits


def srv(target: str, priority: int = 0, weight: int = 0) -> Srv:
    return Srv(priority=priority, weight=weight, port=5060, target=target)


RECORDS = st.lists(
    st.builds(
        Srv,
        priority=st.integers(0, 3),
        weight=st.sampled_from([0, 0, 1, 10, 65535]),
        port=st.integers(1, 65535),
        target=st.sampled_from(["a", "b", "c"]),
    ),
    max_size=8,
)


@given(RECORDS, st.integers(0, 1000))
def test_every_server_is_tried_once_and_none_before_those_of_a_lower_priority(records: list[Srv], seed: int) -> None:
    ordered = by_priority(records, counted_bits(seed))
    assert Counter(ordered) == Counter(records)
    assert [record.priority for record in ordered] == sorted(record.priority for record in records)


@given(RECORDS, st.integers(0, 1000))
def test_the_same_chance_gives_the_same_order_however_the_answer_is_rotated(records: list[Srv], seed: int) -> None:
    once = by_priority(records, counted_bits(seed))
    again = by_priority(records, counted_bits(seed))
    assert once == again


def test_servers_are_drawn_by_their_weight() -> None:
    records = [srv("small", weight=10), srv("large", weight=30), srv("none", weight=0)]
    bits = counted_bits()
    first = Counter(by_priority(records, bits)[0].target for _ in range(4000))
    assert 2800 < first["large"] < 3100
    assert 850 < first["small"] < 1100
    assert first["none"] < 200  # RFC 2782: "a very small chance"


def test_services_are_sorted_by_order_then_preference() -> None:
    def naptr(order: int, preference: int) -> Naptr:
        return Naptr(order=order, preference=preference, flags="s", service="SIP+D2U", replacement="x")

    records = [naptr(2, 1), naptr(1, 9), naptr(1, 3)]
    assert [(one.order, one.preference) for one in by_order([*records, "192.0.2.1"])] == [(1, 3), (1, 9), (2, 1)]
