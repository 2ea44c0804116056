"""<Play>: files and keys."""

from __future__ import annotations

from tests.support.caller import answer, caller, wav
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


def test_what_is_long_is_heard_as_it_comes_and_asked_for_again_for_each_round():
    async def call():
        pages = {
            "/": '<Response><Play loop="3">/long</Play></Response>',
            "/long": answer(wav("a") * 40, kind="audio/wav"),
        }
        async with caller(pages) as c:
            await c.hears(*["http://app.test/long"] * 3)
            await c.is_over()
            assert len([r for r in c.web.requests if r.url.endswith("/long")]) == 3
            assert c.transcript == [("play", "/long")]

    run(call())


def test_what_was_kept_meanwhile_is_repeated_without_a_gap():
    async def call():
        long = answer(wav("a") * 10, kind="audio/wav", cache_control="max-age=60", transfer_encoding="chunked")
        async with caller({"/": '<Response><Play loop="3">/long</Play></Response>', "/long": long}) as c:
            await c.is_over()
            assert c.engine.heard[0] == "http://app.test/long"
            assert len(c.engine.heard) == 2, c.engine.heard
            assert len([r for r in c.web.requests if r.url.endswith("/long")]) == 1

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
