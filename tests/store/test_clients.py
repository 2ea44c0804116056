import asyncio

import pytest

from offhook.store import clients
from offhook.store.clients import ClientFilters, ClientRow
from offhook.store.organizations import OrganizationRow
from offhook.store.paging import Order, PageRequest
from offhook.store.scope import Scope
from tests.support.databases import CHILD, KINDS, NOW, ORGANIZATION, STRANGER, populated

DATES = {"date_created": NOW, "date_updated": NOW}
OTHER = "OR" + "1" * 32


@pytest.mark.parametrize("kind", KINDS)
def test_one_login_may_exist_in_two_organizations_and_each_owner_sees_his_own(kind, tmp_path):
    def client(index, login, organization, account):
        return ClientRow(
            sid=f"CL{index:032x}", login=login, organization_sid=organization, account_sid=account,
            friendly_name=login, ha1_md5="m", ha1_sha256="s", **DATES,
        )  # fmt: skip

    async def scene():
        async with populated(kind, tmp_path) as database:
            async with database.writing() as session:
                session.add(OrganizationRow(sid=OTHER, domain_name="other.example", **DATES))
                await session.flush()
                session.add_all(
                    [
                        client(1, "alice", ORGANIZATION, CHILD),
                        client(2, "bob", ORGANIZATION, CHILD),
                        client(3, "alice", OTHER, STRANGER),
                    ]
                )
            async with database.reading() as session:
                assert (await clients.by_login(session, ORGANIZATION, "alice"))[0].account_sid == CHILD
                assert (await clients.by_login(session, OTHER, "alice"))[0].account_sid == STRANGER
                own = Scope(account_sid=CHILD)
                page = await clients.page(session, own, ClientFilters(), PageRequest(order=Order(by="login")))
                assert [row.login for row in page.rows] == ["alice", "bob"]
                assert (await clients.page(session, own, ClientFilters(login="b%"), PageRequest())).total == 1
                assert await clients.get(session, own, f"CL{3:032x}") is None

    asyncio.run(scene())
