"""<Pause>: before and after the answer."""

from __future__ import annotations

import pytest

from tests.support.caller import caller
from tests.support.virtual_loop import run


@pytest.mark.parametrize("answered", [True, False])
def test_a_pause_lasts_as_long_as_it_says_and_does_not_answer(answered):
    async def call():
        async with caller('<Response><Pause length="5"/><Say>Now</Say></Response>', answered=answered) as c:
            await c.waits(4.9)
            assert c.answered is answered
            assert "Now" not in c.engine.heard
            await c.hears("Now")

    run(call())


def test_a_pause_of_nothing_is_over_at_once():
    async def call():
        async with caller('<Response><Pause length="0"/><Say>Now</Say></Response>', answered=True) as c:
            await c.waits(0.1)
            assert c.engine.heard == ["Now"]

    run(call())
