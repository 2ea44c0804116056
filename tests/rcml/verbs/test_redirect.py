"""<Redirect>: another document."""

from __future__ import annotations

from tests.support.caller import ORIGIN, caller
from tests.support.virtual_loop import run


def test_the_other_document_is_asked_for_and_runs_instead():
    pages = {
        "/": "<Response><Redirect method='GET'>/b?x=1&amp;y=2</Redirect><Say>never</Say></Response>",
        "/b": "<Response><Say>B</Say></Response>",
    }

    async def call():
        async with caller(pages) as c:
            await c.hears("B")
            await c.is_over()
            assert "never" not in c.engine.heard
            assert (c.web.requests[1].method, c.web.requests[1].url) == ("GET", f"{ORIGIN}/b?x=1&y=2")

    run(call())


def test_without_a_url_the_next_verb_runs():
    async def call():
        async with caller("<Response><Redirect/><Say>Next</Say></Response>") as c:
            await c.hears("Next")

    run(call())
