"""<Play>: files and keys."""

from __future__ import annotations

from tests.support.caller import caller, wav
from tests.support.virtual_loop import run


def test_keys_are_sent_and_a_file_is_played():
    async def call():
        async with caller({"/": '<Response><Play digits="1w2">/a.wav</Play></Response>', "/a.wav": wav("a")}) as c:
            await c.hears("keys 1w2", "a")
            await c.is_over()
            assert c.transcript == [("play", "/a.wav")]

    run(call())


def test_loop_zero_plays_until_the_call_ends():
    async def call():
        async with caller({"/": '<Response><Play loop="0">a.wav</Play></Response>', "/a.wav": wav("a")}) as c:
            await c.hears("a")
            await c.waits(3000)
            assert c.engine.works

    run(call())


def test_a_file_that_is_not_there_is_noticed_and_an_empty_one_passed_over():
    async def call():
        async with caller("<Response><Play/><Play>/gone.wav</Play><Play>mailto:x@y</Play></Response>") as c:
            await c.is_over()
            assert c.notices[0].code == 12200, "the last is no URL at all, so the document is refused"

    async def gone():
        async with caller("<Response><Play/><Play>/gone.wav</Play></Response>") as c:
            await c.is_over()
            assert [notice.code for notice in c.notices] == [13233]
            assert c.hung_up_by_us == "the document ended"

    run(call())
    run(gone())
