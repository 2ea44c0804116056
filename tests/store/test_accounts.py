import asyncio

import pytest
from sqlalchemy.exc import IntegrityError

from offhook.store import accounts
from offhook.store.accounts import AccountFilters, AccountRow
from offhook.store.paging import PageRequest
from offhook.store.scope import Scope
from tests.support.databases import ADMINISTRATOR, CHILD, GRANDCHILD, KINDS, NOW, ORGANIZATION, STRANGER, populated


@pytest.mark.parametrize("kind", KINDS)
def test_accounts_are_found_by_who_may_see_them(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database, database.reading() as session:
            tree = Scope(account_sid=CHILD, subaccounts=True)
            assert (await accounts.get(session, tree, GRANDCHILD)).sid == GRANDCHILD
            assert await accounts.get(session, tree, ADMINISTRATOR) is None
            assert await accounts.get(session, Scope(account_sid=CHILD), GRANDCHILD) is None
            assert [row.sid for row in await accounts.children(session, Scope(account_sid=ADMINISTRATOR))] == [CHILD]
            everyone = Scope(account_sid=ADMINISTRATOR, subaccounts=True)
            filters = AccountFilters(children_only=True, status="active")
            page = await accounts.page(session, everyone, filters, PageRequest())
            assert [row.sid for row in page.rows] == [GRANDCHILD, CHILD]
            named = await accounts.page(session, everyone, AccountFilters(friendly_name="AC1%"), PageRequest())
            assert [row.sid for row in named.rows] == [CHILD]
            assert (await accounts.administrator(session)).sid == ADMINISTRATOR
            assert await accounts.count(session) == 4

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_an_account_logs_in_by_sid_or_by_its_one_address(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            async with database.writing() as session:
                (await session.get(AccountRow, CHILD)).email_address = "kim@example.org"
            async with database.reading() as session:
                assert (await accounts.credentials(session, "Kim@Example.ORG")).sid == CHILD
                assert (await accounts.credentials(session, STRANGER)).sid == STRANGER
                assert await accounts.credentials(session, "nobody@example.org") is None
                assert "sealed" not in repr(await accounts.credentials(session, CHILD))
            with pytest.raises(IntegrityError):
                async with database.writing() as session:
                    (await session.get(AccountRow, STRANGER)).email_address = "kim@example.org"

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_an_account_needs_an_organization_that_exists(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            with pytest.raises(IntegrityError):
                async with database.writing() as session:
                    session.add(AccountRow(sid="AC" + "7" * 32, organization_sid=ORGANIZATION[:-1] + "1", friendly_name="", auth_token="", date_created=NOW, date_updated=NOW))  # fmt: skip

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_a_lineage_leads_from_an_account_to_the_administrator(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database, database.reading() as session:
            assert await accounts.lineage(session, GRANDCHILD) == [GRANDCHILD, CHILD, ADMINISTRATOR]
            assert await accounts.lineage(session, STRANGER) == [STRANGER]
            assert await accounts.lineage(session, "AC" + "f" * 32) == []

    asyncio.run(scene())
