"""<Echo>: the caller hears himself."""

from __future__ import annotations

from tests.support.caller import caller
from tests.support.virtual_loop import run


def test_an_echo_lasts_until_the_call_ends():
    async def call():
        async with caller("<Response><Echo/><Say>never</Say></Response>") as c:
            await c.hears("echo")
            await c.waits(600)
            c.hangs_up()
            await c.waits(1)
            assert "never" not in c.engine.heard

    run(call())
