import asyncio

import pytest
from sqlalchemy import text

from offhook.store.nodes import NodeRow
from offhook.store.upsert import insert_new, upsert
from tests.support.databases import KINDS, NOW, database


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_inserted_overwritten_or_left_alone(kind, tmp_path):
    later = NOW.replace(year=2027)

    async def scene():
        async with database(kind, tmp_path) as found, found.batch() as connection:

            async def years():
                rows = await connection.execute(text("select name, alive_at from nodes order by name"))
                return {name: str(alive)[:4] for name, alive in rows}

            await upsert(connection, NodeRow, [], fixed=frozenset())
            await upsert(connection, NodeRow, [{"name": n, "alive_at": NOW} for n in "ab"], fixed=frozenset({"name"}))
            await upsert(connection, NodeRow, [{"name": n, "alive_at": later} for n in "bc"], fixed=frozenset({"name"}))
            assert await years() == {"a": "2026", "b": "2027", "c": "2027"}
            await insert_new(connection, NodeRow, [{"name": n, "alive_at": later} for n in "ad"])
            assert await years() == {"a": "2026", "b": "2027", "c": "2027", "d": "2027"}

    asyncio.run(scene())
