import asyncio

import pytest

from offhook.store import applications
from offhook.store.applications import ApplicationFilters, ApplicationRow
from offhook.store.paging import Order, PageRequest
from offhook.store.scope import Scope
from tests.support.databases import ADMINISTRATOR, CHILD, KINDS, NOW, populated


@pytest.mark.parametrize("kind", KINDS)
def test_applications_are_listed_for_their_owner_by_name(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            async with database.writing() as session:
                for index, name in enumerate(("menu", "echo", "menu 2")):
                    session.add(ApplicationRow(sid=f"AP{index:032x}", account_sid=CHILD, friendly_name=name, date_created=NOW, date_updated=NOW))  # fmt: skip
            async with database.reading() as session:

                async def names(filters, scope, **request):
                    page = await applications.page(session, scope, filters, PageRequest(**request))
                    return [row.friendly_name for row in page.rows]

                own = Scope(account_sid=CHILD)
                assert await names(ApplicationFilters(), own) == ["menu 2", "echo", "menu"]
                assert await names(ApplicationFilters(friendly_name="menu"), own) == ["menu"]
                assert await names(ApplicationFilters(), own, order=Order(by="friendly_name")) == [
                    "echo",
                    "menu",
                    "menu 2",
                ]
                assert await names(ApplicationFilters(), Scope(account_sid=ADMINISTRATOR)) == []
                assert len(await names(ApplicationFilters(), Scope(account_sid=ADMINISTRATOR, subaccounts=True))) == 3
                assert (await applications.get(session, own, f"AP{1:032x}")).friendly_name == "echo"

    asyncio.run(scene())
