from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.exc import IntegrityError

from offhook.store import trunks
from offhook.store.accounts import AccountRow
from offhook.store.paging import PageRequest
from offhook.store.scope import Scope
from offhook.store.trunks import GatewayRow, RouteRow, TrunkFilters, TrunkRow
from tests.support.databases import ADMINISTRATOR, CHILD, GRANDCHILD, KINDS, NOW, populated

DATES = {"date_created": NOW, "date_updated": NOW}


def trunk(sid, account=CHILD, **more):
    return TrunkRow(sid="TK" + sid * 32, account_sid=account, friendly_name=f"carrier {sid}", **more, **DATES)


def gateway(sid, of, **more):
    return GatewayRow(
        sid="OU" + sid * 32,
        trunk_sid="TK" + of * 32,
        account_sid=CHILD,
        friendly_name="",
        sip_url=f"sip:{sid}",
        **more,
        **DATES,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_trunks_gateways_and_routes_are_found_by_who_may_see_them(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            async with database.writing() as session:
                session.add_all([trunk("1"), trunk("2", GRANDCHILD, inbound_username="carrier")])
                await session.flush()
                session.add_all([gateway("1", "1"), gateway("2", "1")])
                session.add(
                    RouteRow(
                        sid="RT" + "1" * 32, account_sid=CHILD, friendly_name="", pattern="+49", trunks=["a"], **DATES
                    )
                )
            async with database.reading() as session:
                mine, tree = Scope(account_sid=CHILD), Scope(account_sid=CHILD, subaccounts=True)
                assert await trunks.get(session, mine, "TK" + "2" * 32) is None
                assert (await trunks.get(session, tree, "TK" + "2" * 32)).friendly_name == "carrier 2"
                page = await trunks.page(session, tree, TrunkFilters(friendly_name="carrier%"), PageRequest())
                assert [row.friendly_name for row in page.rows] == ["carrier 2", "carrier 1"]
                assert (await trunks.named(session, mine, "carrier 1")).sid == "TK" + "1" * 32
                assert await trunks.named(session, Scope(account_sid=GRANDCHILD), "carrier 1") is None
                assert (await trunks.by_inbound_username(session, "carrier")).sid == "TK" + "2" * 32
                page = await trunks.gateways(session, mine, "TK" + "1" * 32, PageRequest())
                assert [row.sip_url for row in page.rows] == ["sip:2", "sip:1"]
                assert (await trunks.gateway(session, mine, "TK" + "1" * 32, "OU" + "1" * 32)).sip_url == "sip:1"
                assert await trunks.gateway(session, mine, "TK" + "2" * 32, "OU" + "1" * 32) is None
                page = await trunks.routes(session, mine, PageRequest())
                assert [row.trunks for row in page.rows] == [["a"]]
                assert await trunks.route(session, Scope(account_sid=ADMINISTRATOR), page.rows[0].sid) is None

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_a_node_reads_all_trunks_of_active_accounts_in_their_order(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            async with database.writing() as session:
                session.add_all([trunk("1", priority=20), trunk("2", priority=5), trunk("3", GRANDCHILD)])
                (await session.get(AccountRow, GRANDCHILD)).status = "suspended"
            async with database.reading() as session:
                found, gateways, routes = await trunks.everything(session)
                assert [(row.sid[2], domain) for row, domain in found] == [("2", "example.org"), ("1", "example.org")]
                assert (list(gateways), list(routes)) == ([], [])

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_gateways_go_with_their_trunk_and_a_trunk_has_each_once(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            async with database.writing() as session:
                session.add(trunk("1"))
                await session.flush()
                session.add(gateway("1", "1"))
            with pytest.raises(IntegrityError):
                async with database.writing() as session:
                    session.add(
                        GatewayRow(
                            sid="OU" + "9" * 32,
                            trunk_sid="TK" + "1" * 32,
                            account_sid=CHILD,
                            friendly_name="",
                            sip_url="sip:1",
                            **DATES,
                        )
                    )
            async with database.writing() as session:
                await session.delete(await session.get(TrunkRow, "TK" + "1" * 32))
            async with database.reading() as session:
                assert (await trunks.everything(session))[1] == []

    asyncio.run(scene())
