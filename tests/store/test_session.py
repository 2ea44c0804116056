import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from offhook.store import nodes
from offhook.store.session import is_outage
from tests.support.databases import KINDS, NOW, database


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
