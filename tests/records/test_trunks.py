from __future__ import annotations

import asyncio

import pytest

from offhook.calls.trunks.book import TrunkBook
from offhook.calls.trunks.trunk import Trunk, TrunkKey
from offhook.records.settings import RecordsSettings
from offhook.records.trunks import StoreTrunks, trunk_of
from offhook.security.masked import Secret
from offhook.security.secrets import Keyring
from offhook.store.trunks import GatewayRow, RouteRow, TrunkRow
from tests.support.databases import CHILD, NOW, populated

DATES = {"date_created": NOW, "date_updated": NOW}
SID = "TK" + "1" * 32
RING = Keyring.random()
OWN = TrunkBook.of([Trunk(key=TrunkKey("config:node"), name="node")])


def row(**more):
    return TrunkRow(sid=SID, account_sid=CHILD, friendly_name="carrier", **more, **DATES)


def route(pattern="+49"):
    return RouteRow(
        sid="RT" + "1" * 32, account_sid=CHILD, friendly_name="", pattern=pattern, trunks=["carrier"], **DATES
    )


def gateway():
    return GatewayRow(
        sid="OU" + "1" * 32, trunk_sid=SID, account_sid=CHILD, friendly_name="", sip_url="sip:gw", weight=7, **DATES
    )


def test_the_book_has_the_trunks_of_all_accounts_and_those_of_the_node(tmp_path):
    async def scene():
        async with populated("sqlite", tmp_path) as database:
            async with database.writing() as session:
                sealed = RING.seal(Secret("s3cret"), SID)
                session.add(
                    row(username="u", password=sealed, outbound_called="+ => 00\n110 => 112", codecs="PCMA, PCMU")
                )
                await session.flush()
                session.add_all([gateway(), route()])
            book = await StoreTrunks(database, RING, RecordsSettings(), OWN).book()
            assert set(book.trunks) == {SID, "config:node"}
            trunk = book.trunks[TrunkKey(SID)]
            assert (trunk.password, trunk.domain, trunk.codecs) == ("s3cret", "example.org", ("PCMA", "PCMU"))
            assert trunk.gateways[0].weight == 7
            assert trunk.outbound.called[1].rewrite("110") == "112"
            assert book.choice("+4989", (CHILD,)) == (trunk,)
            assert [one.name for one in book.choice("+4989", ())] == ["node"]

    asyncio.run(scene())


def test_what_makes_no_sense_in_the_store_is_left_out(tmp_path):
    async def scene():
        async with populated("sqlite", tmp_path) as database:
            async with database.writing() as session:
                session.add(row(codecs="G729"))
                await session.flush()
                session.add(route("^("))
            book = await StoreTrunks(database, RING, RecordsSettings(), TrunkBook()).book()
            assert (dict(book.trunks), book.routes) == ({}, ())
            async with database.writing() as session:
                found = await session.get(TrunkRow, SID)
                found.codecs, found.password = "", Keyring.random().seal(Secret("x"), SID)
            assert not (await StoreTrunks(database, RING, RecordsSettings(), TrunkBook()).book()).trunks

    asyncio.run(scene())


def test_a_change_is_used_at_once_and_nothing_is_when_nothing_changed(tmp_path):
    async def scene():
        async with populated("sqlite", tmp_path) as database:
            source = StoreTrunks(database, RING, RecordsSettings(lookup_ttl=3600), OWN)
            used: asyncio.Queue[TrunkBook] = asyncio.Queue()
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(source.run(used.put_nowait))
                assert set((await used.get()).trunks) == {"config:node"}
                source.forget()
                async with database.writing() as session:
                    session.add(row())
                source.forget()
                async with asyncio.timeout(5):
                    assert set((await used.get()).trunks) == {SID, "config:node"}
                running.cancel()
            assert used.empty()

    asyncio.run(scene())


def test_a_database_that_is_away_leaves_the_trunks_as_they_are(tmp_path, monkeypatch):
    async def scene():
        async with populated("sqlite", tmp_path) as database:
            source = StoreTrunks(database, RING, RecordsSettings(lookup_ttl=3600), OWN)
            used: asyncio.Queue[TrunkBook] = asyncio.Queue()

            async def away():
                raise OSError("away")

            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(source.run(used.put_nowait))
                await used.get()
                monkeypatch.setattr(source, "book", away)
                source.forget()
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                monkeypatch.undo()
                async with database.writing() as session:
                    session.add(row())
                source.forget()
                async with asyncio.timeout(5):
                    assert SID in (await used.get()).trunks
                running.cancel()

    asyncio.run(scene())


def test_a_row_says_whether_it_registers_and_by_what_its_calls_are_known():
    trunk = trunk_of(
        row(
            username="u",
            register=True,
            register_expires=300,
            networks="192.0.2.0/24 198.51.100.7",
            inbound_username="them",
            inbound_ha1_md5="a",
            inbound_ha1_sha256="b",
            priority=10, enabled=True, password="", from_user="", from_domain="", caller_header="none", contact_user="",
            outbound_called="", outbound_caller="", inbound_called="", inbound_caller="", codecs="", srtp="", max_calls=0,
            calls_per_second=0.0, response_timeout=4.0, options_interval=30.0, options_timeout=4.0, down_after=2,
            up_after=1, certificates="",
        ),
        (),
        "",
    )  # fmt: skip
    assert trunk.register_expires == 300
    assert trunk.recognition.networks == ("192.0.2.0/24", "198.51.100.7")
    assert trunk.recognition.ha1 == {"MD5": "a", "SHA-256": "b"}
    with pytest.raises(ValueError, match="needs a username"):
        Trunk(key=TrunkKey("T"), name="x", register_expires=300)
