"""A script holds nothing of the calls that it ran."""

from __future__ import annotations

import asyncio
import gc

import pytest

from offhook.rcml.fetch import Documents
from offhook.rcml.interpreter import Interpreter
from offhook.rcml.settings import RcmlSettings
from tests.support.caller import caller, wav
from tests.support.virtual_loop import run

PAGES = {
    "/": "<Response><Gather action='/d' numDigits='1'><Play>m.wav</Play></Gather></Response>",
    "/d": "<Response><Record action='/r'/></Response>",
    "/r": "<Response><Dial action='/e'>1</Dial></Response>",
    "/e": "<Response/>",
    "/m.wav": wav("m"),
}


def in_memory() -> int:
    gc.collect()
    return sum(isinstance(each, Interpreter | Documents) for each in gc.get_objects())


def test_a_thousand_calls_that_end_anywhere_leave_nothing_behind():
    async def one(number: int) -> None:
        async with caller(PAGES) as c:
            await c.waits((number % 37) / 10)
            if c.answered:
                c.presses("1")
            await c.waits((number % 11) / 10)
            c.hangs_up()
            await c.waits(1)

    async def many() -> None:
        for hundred in range(10):
            async with asyncio.TaskGroup() as group:
                for number in range(100):
                    group.create_task(one(hundred * 100 + number))
        assert len(asyncio.all_tasks()) == 1

    before = in_memory()
    run(many(), timeout=100_000)
    assert in_memory() <= before


@pytest.mark.parametrize(("apology", "heard"), [("", []), ("So sorry", ["So sorry"])])
def test_the_apology_is_a_setting(apology, heard):
    async def call():
        async with caller("<Twiml/>", answered=True, settings=RcmlSettings(apology=apology)) as c:
            await c.is_over()
            assert c.engine.heard == heard

    run(call())


def test_an_apology_is_limited_in_time():
    async def call():
        async with caller("<Twiml/>", answered=True, settings=RcmlSettings(farewell_limit=0.5)) as c:
            await c.waits(0.6)
            assert c.hung_up_by_us == "the application failed"

    run(call())
