"""<Reject>: refusing before the answer, hanging up after it."""

from __future__ import annotations

import pytest

from tests.support.caller import caller
from tests.support.virtual_loop import run


@pytest.mark.parametrize(("reason", "code"), [("", 603), ('reason="rejected"', 603), ('reason="busy"', 486)])
def test_a_ringing_call_is_refused_with_the_code_of_the_reason(reason, code):
    async def call():
        async with caller(f"<Response><Reject {reason}/><Say>never</Say></Response>") as c:
            await c.is_over()
            assert c.refused is not None
            assert c.refused[0] == code
            assert not c.answered

    run(call())


def test_an_answered_call_is_hung_up():
    async def call():
        async with caller("<Response><Say>Hi</Say><Reject/><Say>never</Say></Response>") as c:
            await c.is_over()
            assert c.refused is None
            assert c.hung_up_by_us is not None
            assert c.engine.heard == ["Hi"]

    run(call())
