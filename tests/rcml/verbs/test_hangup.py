"""<Hangup>: the end."""

from __future__ import annotations

from tests.support.caller import caller
from tests.support.virtual_loop import run


def test_nothing_follows_a_hangup():
    async def call():
        async with caller("<Response><Say>Bye</Say><Hangup/><Say>never</Say></Response>") as c:
            await c.is_over()
            assert c.hung_up_by_us == "the application hung up"
            assert c.engine.heard == ["Bye"]

    run(call())
