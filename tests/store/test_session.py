import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from offhook.store import nodes
from offhook.store.engine import open_database
from offhook.store.session import is_outage
from offhook.store.settings import StoreSettings
from tests.support.databases import KINDS, NOW, database
from tests.support.postgres import fresh_database


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_commits_whole_or_not_at_all(kind, tmp_path):
    async def scene():
        async with database(kind, tmp_path) as found:
            async with found.batch() as connection:
                await nodes.beat(connection, "a", NOW)
            with pytest.raises(RuntimeError):
                async with found.batch() as connection:
                    await nodes.beat(connection, "b", NOW)
                    raise RuntimeError
            async with found.reading() as session:
                assert await nodes.last_beat(session, "a") == NOW
                assert await nodes.last_beat(session, "b") is None

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_many_writers_who_read_first_do_not_disturb_each_other(kind, tmp_path):
    async def scene():
        async with database(kind, tmp_path) as found:

            async def writer(name):
                async with found.writing() as session:
                    assert await nodes.last_beat(session, name) is None
                    session.add(nodes.NodeRow(name=name, alive_at=NOW))

            async with asyncio.TaskGroup() as group:
                for index in range(30):
                    group.create_task(writer(f"n{index}"))
            async with found.reading() as session:
                assert await session.scalar(text("select count(*) from nodes")) == 30

    asyncio.run(scene())


def test_a_reader_changes_nothing(tmp_path):
    async def scene():
        async with database("sqlite", tmp_path) as found:
            async with found.reading() as session:
                session.add(nodes.NodeRow(name="a", alive_at=NOW))
                await session.flush()
            async with found.reading() as session:
                assert await nodes.last_beat(session, "a") is None

    asyncio.run(scene())


def test_an_outage_is_told_from_a_refusal():
    assert is_outage(OperationalError("x", {}, Exception()))
    assert is_outage(ConnectionRefusedError())
    assert is_outage(TimeoutError())
    assert not is_outage(IntegrityError("x", {}, Exception()))
    assert not is_outage(ValueError())


def test_a_busy_pool_is_an_outage_so_that_nothing_is_thrown_away(tmp_path):
    async def scene():
        settings = StoreSettings(url=fresh_database(), connections=1, wait=0.1)
        found = await open_database(settings, tmp_path)
        async with found.reading() as session:
            await session.execute(text("select 1"))
            with pytest.raises(NoConnectionFree) as refused:
                async with found.batch() as connection:
                    await nodes.beat(connection, "a", NOW)
        await found.close()
        assert is_outage(refused.value)

    asyncio.run(scene())


def test_postgresql_that_only_reads_for_now_is_an_outage_and_text_it_cannot_hold_is_a_refusal(tmp_path):
    async def scene():
        async with database("postgresql", tmp_path) as found:
            with pytest.raises(DBAPIError) as standby:
                async with found.batch() as connection:
                    await connection.execute(text("set transaction read only"))
                    await nodes.beat(connection, "a", NOW)
            with pytest.raises(DBAPIError) as poison:
                async with found.batch() as connection:
                    await nodes.beat(connection, "\0", NOW)
        assert is_outage(standby.value)
        assert not is_outage(poison.value)

    asyncio.run(scene())
