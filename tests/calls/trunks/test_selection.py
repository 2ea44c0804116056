from __future__ import annotations

import random
from collections import Counter

from offhook.calls.trunks.selection import in_order
from offhook.calls.trunks.trunk import Gateway


def test_gateways_come_by_priority_and_those_that_are_off_do_not_come() -> None:
    gateways = [
        Gateway(uri="sip:c", priority=30),
        Gateway(uri="sip:a", priority=10),
        Gateway(uri="sip:off", priority=1, enabled=False),
        Gateway(uri="sip:b", priority=20),
    ]
    assert [gateway.uri for gateway in in_order(gateways, lambda _: 0)] == ["sip:a", "sip:b", "sip:c"]


def test_among_equals_a_gateway_comes_first_as_often_as_its_weight_says() -> None:
    dice = random.Random(7)
    gateways = [Gateway(uri="sip:a", weight=30), Gateway(uri="sip:b", weight=10), Gateway(uri="sip:zero", weight=0)]
    orders = [in_order(gateways, dice.getrandbits) for _ in range(4000)]
    assert all(len(order) == 3 for order in orders)
    first = Counter(order[0].uri for order in orders)
    assert 2700 < first["sip:a"] < 3200
    assert first["sip:zero"] < 200


def test_gateways_that_all_weigh_nothing_are_all_tried() -> None:
    gateways = [Gateway(uri=f"sip:{name}", weight=0) for name in "abc"]
    assert len(in_order(gateways, random.Random(1).getrandbits)) == 3
