import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from offhook.records.recorder import call_row
from offhook.store import calls
from offhook.store.calls import CallFilters
from offhook.store.filters import Span
from offhook.store.paging import Order, PageRequest, UnknownOrder
from offhook.store.scope import Scope
from tests.support.databases import ADMINISTRATOR, CHILD, GRANDCHILD, KINDS, NOW, STRANGER, populated
from tests.support.facts import answered, call, created, ended

SCOPE = Scope(account_sid=CHILD)


async def save(database, *events):
    async with database.batch() as connection:
        await calls.save(connection, [call_row(event) for event in events])


async def found(database, filters=None, *, scope=SCOPE, **request):
    async with database.reading() as session:
        page = await calls.page(session, scope, filters or CallFilters(), PageRequest(**request))
    return [int(row.sid[2:], 16) for row in page.rows], page


@pytest.mark.parametrize("kind", KINDS)
def test_no_account_sees_anothers_calls_unless_it_stands_below(kind, tmp_path):
    owners = {1: ADMINISTRATOR, 2: CHILD, 3: GRANDCHILD, 4: STRANGER}

    async def scene():
        async with populated(kind, tmp_path) as database:
            await save(database, *(created(call(number, account_sid=owner)) for number, owner in owners.items()))
            for owner, alone, tree in ((ADMINISTRATOR, [1], [3, 2, 1]), (CHILD, [2], [3, 2]), (STRANGER, [4], [4])):
                assert (await found(database, scope=Scope(account_sid=owner)))[0] == alone
                assert (await found(database, scope=Scope(account_sid=owner, subaccounts=True)))[0] == tree
            async with database.reading() as session:
                assert await calls.get(session, Scope(account_sid=STRANGER), call(2).sid) is None
                assert await calls.get(session, Scope(account_sid=ADMINISTRATOR), call(2).sid) is None
                assert (
                    await calls.get(session, Scope(account_sid=ADMINISTRATOR, subaccounts=True), call(3).sid)
                ).sid == call(3).sid

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_pages_are_whole_stable_and_count_everything(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            await save(database, *(created(call(number)) for number in range(1, 26)))
            first, page = await found(database, size=10)
            assert first == list(range(25, 15, -1))
            assert (page.total, page.start, page.more) == (25, 0, True)
            await save(database, created(call(26)))
            second, page = await found(database, number=1, size=10, after_sid=call(16).sid)
            assert second == list(range(15, 5, -1))
            assert page.total == 26
            last, page = await found(database, number=2, size=10)
            assert last == [6, 5, 4, 3, 2, 1]
            assert not page.more

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_calls_are_found_by_number_prefix_status_parent_and_time(kind, tmp_path):
    rows = [
        ended(call(1, from_="+4937612", to="1000")),
        answered(call(2, from_="+4937699", to="client:al_ce", parent_sid=call(1).sid)),
        created(call(3, from_="100%", to="client:alice")),
        ended(call(4, created_at=NOW + timedelta(days=2))),
    ]
    day = date(2026, 1, 1)
    cases = [
        (CallFilters(from_="+49376%"), [2, 1]),
        (CallFilters(from_="+4937612"), [1]),
        (CallFilters(to="client:al_c%"), [2]),
        (CallFilters(to="*al*"), [3, 2]),
        (CallFilters(status="in-progress"), [2]),
        (CallFilters(parent_call_sid=call(1).sid), [2]),
        (CallFilters(start=Span(on=day)), [2, 1]),
        (CallFilters(start=Span(since=date(2026, 1, 2))), [4]),
        (CallFilters(start=Span(until=day)), [2, 1]),
        (CallFilters(start=Span(until=datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC))), []),
        (CallFilters(end=Span(since=day, until=date(2026, 1, 3))), [4, 1]),
        (CallFilters(from_="+49376%", status="completed"), [1]),
        (CallFilters(to="' or 1=1 --"), []),
    ]

    async def scene():
        async with populated(kind, tmp_path) as database:
            await save(database, *rows)
            for filters, wanted in cases:
                assert (await found(database, filters))[0] == wanted, filters

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_calls_are_sorted_as_asked_with_ties_in_a_fixed_order(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            await save(database, *(ended(call(number), seconds=number % 3) for number in range(1, 7)))
            assert (await found(database, order=Order(by="duration")))[0] == [3, 6, 1, 4, 2, 5]
            assert (await found(database, order=Order(by="duration", descending=True)))[0] == [5, 2, 4, 1, 6, 3]
            with pytest.raises(UnknownOrder, match="date_created"):
                await found(database, order=Order(by="auth_token"))

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_call_saved_again_keeps_its_owner_and_its_birthday(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            await save(database, created(call()))
            thief = replace(call(), account_sid=STRANGER, created_at=NOW + timedelta(days=9), status="failed")
            await save(database, created(replace(thief, status=call().status, to="other")))
            async with database.reading() as session:
                row = await calls.get(session, SCOPE, call().sid)
            assert (row.account_sid, row.date_created, row.to) == (CHILD, NOW, "other")

    asyncio.run(scene())
