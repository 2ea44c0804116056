from __future__ import annotations

import asyncio

from offhook.calls.interruptions import Interruptions
from offhook.calls.script import Application, HungUp, Redirected
from tests.support.virtual_loop import run, settle

MENU = Application(url="http://app.test/menu")


def test_a_redirect_is_told_once_and_the_end_for_ever() -> None:
    async def main() -> None:
        interruptions = Interruptions()
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(interruptions.next())
            await settle()
            interruptions.tell()
            await settle()
            assert not waiting.done()
            interruptions.redirect = MENU
            interruptions.tell()
        assert waiting.result() == Redirected(application=MENU)
        assert interruptions.take() is None
        interruptions.redirect = MENU
        interruptions.hung_up = HungUp(by_far_end=True)
        assert [await interruptions.next() for _ in range(2)] == [HungUp(by_far_end=True)] * 2

    run(main())
