import asyncio

import pytest
from sqlalchemy.exc import IntegrityError

from offhook.store import applications, clients, numbers
from offhook.store.applications import ApplicationFilters, ApplicationRow
from offhook.store.clients import ClientFilters, ClientRow
from offhook.store.numbers import NumberFilters, NumberRow
from offhook.store.paging import Order, PageRequest
from offhook.store.scope import Scope
from tests.support.databases import CHILD, KINDS, NOW, ORGANIZATION, STRANGER, populated

DATES = {"date_created": NOW, "date_updated": NOW}
OWNER = {"organization_sid": ORGANIZATION, "account_sid": CHILD, **DATES}
SCOPE, FOREIGN = Scope(account_sid=CHILD), Scope(account_sid=STRANGER)
APPLICATION = "AP" + "1" * 32


def number(index, phone_number, name="", **more):
    return NumberRow(sid=f"PN{index:032x}", phone_number=phone_number, friendly_name=name, **{**OWNER, **more})


async def add(database, *rows):
    async with database.writing() as session:
        for row in rows:
            session.add(row)
            await session.flush()


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_are_listed_by_pattern_order_and_owner(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            await add(
                database,
                number(1, "+14155550100", "b"),
                number(2, "+14155550199", "a"),
                number(3, "1000", account_sid=STRANGER),
            )
            async with database.reading() as session:

                async def sids(filters, scope=SCOPE, **request):
                    page = await numbers.page(session, scope, filters, PageRequest(**request))
                    return [int(row.sid[2:], 16) for row in page.rows]

                assert await sids(NumberFilters()) == [2, 1]
                assert await sids(NumberFilters(phone_number="*0199")) == [2]
                assert await sids(NumberFilters(friendly_name="b")) == [1]
                assert await sids(NumberFilters(), order=Order(by="friendly_name")) == [2, 1]
                assert await sids(NumberFilters(), FOREIGN) == [3]
                assert await numbers.get(session, FOREIGN, number(1, "").sid) is None

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_a_number_and_a_login_exist_once_in_an_organization(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            client = {"login": "alice", "friendly_name": "", "ha1_md5": "m", "ha1_sha256": "s", **OWNER}
            await add(database, number(1, "1000"), ClientRow(sid="CL" + "1" * 32, **client))
            with pytest.raises(IntegrityError):
                await add(database, number(2, "1000", account_sid=STRANGER))
            with pytest.raises(IntegrityError):
                await add(database, ClientRow(sid="CL" + "2" * 32, **client))
            async with database.reading() as session:
                assert (await clients.by_login(session, ORGANIZATION, "alice"))[1].sid == CHILD
                assert await clients.by_login(session, ORGANIZATION, "Alice") is None
                page = await clients.page(session, SCOPE, ClientFilters(login="al%"), PageRequest())
                assert [row.login for row in page.rows] == ["alice"]
                assert await clients.get(session, FOREIGN, "CL" + "1" * 32) is None
                assert "ha1" not in repr(page.rows[0])

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_a_number_outlives_its_application(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            application = ApplicationRow(
                sid=APPLICATION, account_sid=CHILD, friendly_name="menu", document="<Response/>", **DATES
            )
            await add(database, application, number(1, "1000", voice_application_sid=APPLICATION))
            async with database.reading() as session:
                ((found, account, linked),) = await numbers.dialled(session, ORGANIZATION, ["1000", "+1000"])
                assert (found.phone_number, account.sid, linked.document) == ("1000", CHILD, "<Response/>")
                page = await applications.page(session, SCOPE, ApplicationFilters(friendly_name="me%"), PageRequest())
                assert [row.sid for row in page.rows] == [APPLICATION]
                assert await applications.get(session, FOREIGN, APPLICATION) is None
            async with database.writing() as session:
                await session.delete(await applications.get(session, SCOPE, APPLICATION))
            async with database.reading() as session:
                ((found, _, linked),) = await numbers.dialled(session, ORGANIZATION, ["1000"])
                assert (found.voice_application_sid, linked) == (None, None)

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_that_hold_a_sign_are_found_by_it(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            await add(
                database, number(1, "1000"), number(2, "10%"), number(3, "10\\d"), number(4, "1_[0]", pure_sip=False)
            )
            async with database.reading() as session:
                for signs, found in ((["%"], ["10%"]), (["\\", "["], ["10\\d"]), (["_"], [])):
                    rows = await numbers.containing(session, ORGANIZATION, signs)
                    assert [row.phone_number for row, _, _ in rows] == found

    asyncio.run(scene())
