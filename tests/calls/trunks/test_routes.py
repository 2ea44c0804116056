from __future__ import annotations

import pytest

from offhook.calls.trunks.patterns import NumberPattern
from offhook.calls.trunks.routes import RouteTable, TrunkRoute


def route(pattern: str, *trunks: str, priority: int = 10) -> TrunkRoute:
    return TrunkRoute(pattern=NumberPattern.parse(pattern), trunks=trunks, priority=priority)


TABLE = RouteTable(
    [
        route("", "world"),
        route("+49", "germany"),
        route("+4989", "munich"),
        route("+4989", "munich-reserve", priority=20),
        route(r"^\+49(900|137)", priority=1),
        route(r"^\+491[567]", "mobile", priority=5),
    ]
)


@pytest.mark.parametrize(
    ("number", "trunks"),
    [
        ("+4330", ("world",)),
        ("+4930", ("germany",)),
        ("+498912", ("munich",)),
        ("+49170", ("mobile",)),
        ("+49900123", ()),
        ("", ("world",)),
    ],
)
def test_expressions_go_before_prefixes_and_the_longest_prefix_before_shorter_ones(
    number: str, trunks: tuple[str, ...]
) -> None:
    found = TABLE.best(number)
    assert found is not None
    assert found.trunks == trunks
    assert found.refuses == (not trunks)


def test_a_number_that_no_route_covers_has_none() -> None:
    table = RouteTable([route("+49", "germany"), route("^1", "short")])
    assert table.best("+1") is None
    assert len(table) == 2
