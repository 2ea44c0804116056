from __future__ import annotations

import asyncio

from offhook.calls.keys import KeyBuffer
from tests.support.virtual_loop import run, settle


def test_keys_come_in_order_each_once_and_the_oldest_is_dropped() -> None:
    async def main() -> None:
        keys, heard = KeyBuffer(3), []
        keys.on_key = heard.append
        for key in "1234":
            keys.take(key)
        assert [await keys.next() for _ in range(3)] == ["2", "3", "4"]
        assert heard == ["1", "2", "3", "4"]
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(keys.next())
            await settle()
            assert not waiting.done()
            keys.take("#")
        assert waiting.result() == "#"
        keys.take("9")
        keys.flush()
        keys.take("0")
        assert await keys.next() == "0"

    run(main())
