import asyncio

import pytest

from offhook.store import accounts, limits
from offhook.store.accounts import AccountRow
from offhook.store.limits import Limits, LimitsRow
from offhook.store.scope import Scope
from tests.support.databases import ADMINISTRATOR, CHILD, GRANDCHILD, KINDS, NOW, populated


@pytest.mark.parametrize("kind", KINDS)
def test_what_an_account_has_no_limit_for_is_that_of_the_nearest_above(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            async with database.writing() as session:
                session.add_all(
                    [
                        LimitsRow(
                            account_sid=ADMINISTRATOR, max_calls=100, destinations="DE\n!premium", date_updated=NOW
                        ),
                        LimitsRow(account_sid=CHILD, max_calls=10, calls_per_second=2.5, date_updated=NOW),
                        LimitsRow(account_sid=GRANDCHILD, max_calls=0, destinations="", date_updated=NOW),
                    ]
                )
            async with database.reading() as session:

                async def of(sid):
                    return await limits.effective(session, await accounts.lineage(session, sid))

                assert await of(ADMINISTRATOR) == Limits(max_calls=100, destinations=("DE", "!premium"))
                assert await of(CHILD) == Limits(max_calls=10, calls_per_second=2.5, destinations=("DE", "!premium"))
                assert await of(GRANDCHILD) == Limits(max_calls=0, calls_per_second=2.5, destinations=())
                assert await limits.effective(session, []) == Limits()
                assert (await limits.get(session, Scope(account_sid=CHILD))).max_calls == 10

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_limits_go_with_their_account(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            async with database.writing() as session:
                session.add(LimitsRow(account_sid=GRANDCHILD, max_calls=1, date_updated=NOW))
            async with database.writing() as session:
                await session.delete(await session.get(AccountRow, GRANDCHILD))
            async with database.reading() as session:
                assert await limits.get(session, Scope(account_sid=GRANDCHILD)) is None

    asyncio.run(scene())
