from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from offhook.store import closing
from offhook.store.accounts import AccountRow
from offhook.store.applications import ApplicationRow
from offhook.store.base import Table
from offhook.store.clients import ClientRow
from offhook.store.trunks import GatewayRow, TrunkRow
from tests.support.databases import CHILD, GRANDCHILD, KINDS, NOW, ORGANIZATION, populated


def test_every_table_that_belongs_to_accounts_is_emptied_or_kept_on_purpose():
    kept = {"calls", "deliveries"}
    owned = {table.name for table in Table.metadata.tables.values() if "account_sid" in table.columns}
    assert {table.__tablename__ for table in closing._OWNED} == owned - kept


@pytest.mark.parametrize("kind", KINDS)
def test_what_an_account_owns_goes_and_what_others_own_stays(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            dates = {"date_created": NOW, "date_updated": NOW}
            async with database.writing() as session:
                for number, account in enumerate((CHILD, GRANDCHILD)):
                    application = ApplicationRow(
                        sid=f"AP{number:032x}", account_sid=account, friendly_name="menu", **dates
                    )
                    session.add(application)
                    trunk = TrunkRow(sid=f"TK{number:032x}", account_sid=account, friendly_name=f"t{number}", **dates)
                    session.add(trunk)
                    await session.flush()
                    session.add(
                        GatewayRow(
                            sid=f"OU{number:032x}",
                            trunk_sid=trunk.sid,
                            account_sid=account,
                            friendly_name="g",
                            sip_url="sip:a",
                            **dates,
                        )
                    )
                    session.add(
                        ClientRow(
                            sid=f"CL{number:032x}",
                            organization_sid=ORGANIZATION,
                            account_sid=account,
                            login=f"c{number}",
                            friendly_name="c",
                            ha1_md5="",
                            ha1_sha256="",
                            voice_application_sid=application.sid,
                            **dates,
                        )
                    )
            async with database.writing() as session:
                row = await session.get(AccountRow, GRANDCHILD)
                assert await closing.empty(session, [row]) == []
            async with database.reading() as session:
                for table in (ApplicationRow, ClientRow, TrunkRow, GatewayRow):
                    assert await session.scalar(select(func.count()).select_from(table)) == 1
                    assert await session.scalar(select(table.account_sid)) == CHILD

    asyncio.run(scene())
