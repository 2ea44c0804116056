import asyncio
from datetime import timedelta

import pytest

from offhook.store import nodes
from tests.support.databases import KINDS, NOW, database


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_sign_of_life_is_remembered_for_each_node(kind, tmp_path):
    async def scene():
        async with database(kind, tmp_path) as found:
            for name, seconds in (("a", 0), ("b", 5), ("a", 10)):
                async with found.batch() as connection:
                    await nodes.beat(connection, name, NOW + timedelta(seconds=seconds))
            async with found.reading() as session:
                assert await nodes.last_beat(session, "a") == NOW + timedelta(seconds=10)
                assert await nodes.last_beat(session, "b") == NOW + timedelta(seconds=5)
                assert await nodes.last_beat(session, "c") is None

    asyncio.run(scene())
