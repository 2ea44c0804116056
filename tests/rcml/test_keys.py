"""The keys of a call: waited for, kept, forgotten."""

from __future__ import annotations

import asyncio

from offhook.rcml.keys import BACKLOG, KeyBuffer
from tests.support.virtual_loop import run


def buffer() -> tuple[KeyBuffer, asyncio.Queue[str], list[str]]:
    queue: asyncio.Queue[str] = asyncio.Queue()
    forgotten: list[str] = []
    return KeyBuffer(queue.get, lambda: forgotten.append("forgotten")), queue, forgotten


def test_a_key_that_does_not_come_is_not_waited_for_longer():
    async def wait():
        keys, queue, _ = buffer()
        began = asyncio.get_running_loop().time()
        assert await keys.next(3) is None
        assert asyncio.get_running_loop().time() - began == 3
        queue.put_nowait("7")
        assert await keys.next(3) == "7"

    run(wait())


def test_a_key_that_was_waited_for_is_still_there_with_those_before_it():
    async def wait():
        keys, queue, _ = buffer()
        for key in "129":
            queue.put_nowait(key)
        await keys.one_of("2")
        assert [await keys.next(1) for _ in range(4)] == ["1", "2", "9", None]

    run(wait())


def test_only_so_many_keys_wait_and_flushing_forgets_all():
    async def wait():
        keys, queue, forgotten = buffer()
        for key in "1" * (BACKLOG + 5) + "#":
            queue.put_nowait(key)
        await keys.one_of("#")
        assert len(keys._waiting) == BACKLOG
        keys.flush()
        assert not keys._waiting
        assert forgotten == ["forgotten"]

    run(wait())
