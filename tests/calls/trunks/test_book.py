from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from offhook.calls.errors import Unroutable
from offhook.calls.trunks.book import FixedTrunks, TrunkBook
from offhook.calls.trunks.patterns import NumberPattern
from offhook.calls.trunks.routes import TrunkRoute
from offhook.calls.trunks.trunk import Trunk, TrunkKey
from offhook.vocabulary.sids import AccountSid

CHILD, PARENT = AccountSid("AC-child"), AccountSid("AC-parent")
LINEAGE = (CHILD, PARENT)


def trunk(name: str, owner: AccountSid | None = None) -> Trunk:
    return Trunk(key=TrunkKey(f"TK-{name}"), name=name, account_sid=owner)


def route(pattern: str, *trunks: str, owner: AccountSid | None = None) -> TrunkRoute:
    return TrunkRoute(pattern=NumberPattern.parse(pattern), trunks=trunks, account_sid=owner)


def names(book: TrunkBook, number: str) -> list[str]:
    return [one.name for one in book.choice(number, LINEAGE)]


def test_without_routes_the_nearest_owner_of_trunks_uses_them_in_their_order() -> None:
    book = TrunkBook.of([trunk("node"), trunk("p2", PARENT), trunk("p1", PARENT)])
    assert names(book, "+49") == ["p2", "p1"]
    assert [one.name for one in book.choice("+49", ())] == ["node"]


def test_a_route_names_trunks_of_its_owner_or_of_those_above_by_name_or_sid() -> None:
    book = TrunkBook.of(
        [trunk("node"), trunk("mine", CHILD), trunk("theirs", PARENT)],
        [route("+49", "TK-theirs", "mine", "node", owner=CHILD)],
    )
    assert names(book, "+49") == ["theirs", "mine", "node"]


def test_a_number_that_the_nearest_routes_do_not_cover_goes_by_those_above() -> None:
    book = TrunkBook.of(
        [trunk("mine", CHILD), trunk("theirs", PARENT), trunk("node")],
        [route("+49", "mine", owner=CHILD), route("+1", "node"), route("+44", "theirs", owner=PARENT)],
    )
    assert names(book, "+44") == ["theirs"]
    assert names(book, "+1") == ["node"]


def test_another_account_s_trunk_is_never_taken() -> None:
    book = TrunkBook.of([trunk("foreign", AccountSid("AC-other"))], [route("", "foreign", owner=CHILD)])
    with pytest.raises(Unroutable, match="no such trunk"):
        names(book, "+49")


@pytest.mark.parametrize(
    ("book", "said", "code"),
    [
        (TrunkBook(), "no gateway is configured", 404),
        (TrunkBook.of([trunk("node")], [route("+49", "node")]), "no route leads", 404),
        (TrunkBook.of([trunk("node")], [route("")]), "lets nobody call", 403),
        (
            TrunkBook.of([replace(trunk("node"), enabled=False)], [route("", "node")]),
            "no such trunk that is enabled",
            404,
        ),
    ],
)
def test_a_number_without_a_way_is_refused_with_the_reason(book: TrunkBook, said: str, code: int) -> None:
    with pytest.raises(Unroutable, match=said) as refusal:
        names(book, "+33")
    assert (refusal.value.sip_code, refusal.value.code) == (code, 13224)


def test_a_book_that_never_changes_has_nothing_to_hand_over() -> None:
    book, used = TrunkBook.of([trunk("node")]), list[TrunkBook]()
    source = FixedTrunks(book)
    asyncio.run(source.run(used.append))
    assert (source.own, used) == (book, [])
    assert FixedTrunks().own == TrunkBook()
