import asyncio

import pytest

from offhook.store import applications
from offhook.store.applications import ApplicationFilters, ApplicationRow
from offhook.store.paging import Order, Page, PageRequest
from offhook.store.scope import Scope
from tests.support.databases import CHILD, KINDS, NOW, populated


def test_a_page_knows_where_it_starts():
    assert Page(rows=["a"] * 10, total=25, request=PageRequest(number=1, size=10), more=True).start == 10


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", [None, Order(by="date_created", descending=True)])
def test_the_last_page_says_that_it_is_the_last(kind, order, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            async with database.writing() as session:
                session.add_all(
                    ApplicationRow(
                        sid=f"AP{number:032x}", account_sid=CHILD, friendly_name="a", date_created=NOW, date_updated=NOW
                    )
                    for number in range(6)
                )
            async with database.reading() as session:
                found = [
                    await applications.page(
                        session,
                        Scope(account_sid=CHILD),
                        ApplicationFilters(),
                        PageRequest(number=number, size=3, order=order),
                    )
                    for number in range(3)
                ]
        assert [(len(page.rows), page.more, page.total) for page in found] == [
            (3, True, 6),
            (3, False, 6),
            (0, False, 6),
        ]
        assert [row.sid[-1] for page in found for row in page.rows] == list("543210")

    asyncio.run(scene())
