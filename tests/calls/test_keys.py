from __future__ import annotations

import asyncio

from offhook.calls.keys import TWICE, KeyBuffer
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


def test_a_key_that_comes_by_signalling_and_in_audio_is_one_key() -> None:
    async def main() -> None:
        keys, heard = KeyBuffer(10), []
        keys.relay = lambda key, signalled: heard.append((key, signalled))
        keys.take("5")
        keys.take("5", signalled=True)
        keys.take("5", signalled=True)
        keys.take("7", signalled=True)
        keys.take("5")
        keys.take("5")
        assert heard == [("5", False), ("5", True), ("7", True), ("5", False)]
        await asyncio.sleep(TWICE)
        keys.take("5", signalled=True)
        assert heard[-1] == ("5", True)

    run(main())
