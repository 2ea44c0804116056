import asyncio

import pytest

from offhook.store import organizations
from offhook.store.organizations import OrganizationRow
from tests.support.databases import CHILD, KINDS, NOW, ORGANIZATION, populated


@pytest.mark.parametrize("kind", KINDS)
def test_an_organization_is_found_by_domain_and_the_oldest_is_the_default(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            async with database.writing() as session:
                session.add(
                    OrganizationRow(sid="OR" + "1" * 32, domain_name="b.example", date_created=NOW, date_updated=NOW)
                )
            async with database.reading() as session:
                assert (await organizations.by_domain(session, "B.example")).sid == "OR" + "1" * 32
                assert await organizations.by_domain(session, "c.example") is None
                assert (await organizations.default(session)).sid == ORGANIZATION
                assert (await organizations.get(session, ORGANIZATION)).domain_name == "example.org"
                assert [row.domain_name for row in await organizations.every(session)] == ["b.example", "example.org"]

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_the_organization_of_an_account_is_found_while_it_is_active(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            async with database.writing() as session:
                assert (await organizations.of_account(session, CHILD)).sid == ORGANIZATION
                assert await organizations.of_account(session, "AC" + "9" * 32) is None
                (await organizations.get(session, ORGANIZATION)).status = "closed"
            async with database.reading() as session:
                assert await organizations.of_account(session, CHILD) is None

    asyncio.run(scene())
