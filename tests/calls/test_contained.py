from __future__ import annotations

import asyncio

import pytest

from offhook.calls.contained import contained
from tests.support.virtual_loop import run


async def breaks() -> None:
    raise ValueError("broken")


def test_what_breaks_is_logged_and_the_others_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    done: list[str] = []

    async def works() -> None:
        await asyncio.sleep(1)
        done.append("worked")

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(contained(breaks()))
            tasks.create_task(contained(works()))

    run(main())
    assert done == ["worked"]
    assert "work_beside_calls_broke" in capsys.readouterr().out


def test_it_can_be_cancelled() -> None:
    async def main() -> None:
        task = asyncio.create_task(contained(asyncio.sleep(60)))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())
