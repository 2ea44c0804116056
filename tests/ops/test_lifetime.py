"""Lifetimes."""

from __future__ import annotations

import asyncio

import pytest

from offhook.ops.lifetime import Lifetime
from tests.support.virtual_loop import run


def test_what_was_started_last_is_stopped_first() -> None:
    diary: list[str] = []

    async def work(name: str) -> None:
        diary.append(f"{name} begins")
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(1)
            diary.append(f"{name} ends")

    async def scenario() -> None:
        async with Lifetime() as lifetime:
            await lifetime.background("a", work("a"))
            lifetime.callback(diary.append, "between")
            await lifetime.background("b", work("b"))
            diary.append("all run")

    run(scenario())
    assert diary == ["a begins", "b begins", "all run", "b ends", "between", "a ends"]


def test_work_that_breaks_takes_everything_down() -> None:
    stopped: list[str] = []

    async def breaks() -> None:
        await asyncio.sleep(5)
        raise ValueError("broke")

    async def scenario() -> None:
        async with Lifetime() as lifetime:
            lifetime.callback(stopped.append, "cleaned")
            await lifetime.background("x", breaks())
            await asyncio.sleep(60)

    with pytest.raises(ExceptionGroup) as caught:
        run(scenario())
    assert caught.group_contains(ValueError, match="broke")
    assert stopped == ["cleaned"]
