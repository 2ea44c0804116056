"""What is heard while one waits: files and documents, over and over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from offhook.calls.conferences.entry import NotHeard
from tests.support.caller import ORIGIN, Caller, answer, caller, label, wav
from tests.support.virtual_loop import run, settle

DIAL = "<Response><Dial><Conference waitUrl='/wait'>room</Conference></Dial></Response>"


@asynccontextmanager
async def waiting(**pages: object) -> AsyncIterator[tuple[Caller, asyncio.Task[None]]]:
    """A caller who waits with ``pages`` under their names."""
    table = {"/": DIAL, **{f"/{name}": page for name, page in pages.items()}}
    async with caller(table) as c:
        request = await c.dials_somebody()
        entry = request.conference
        assert entry is not None
        assert entry.entertain is not None
        assert entry.wait_url is not None
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(entry.entertain(entry.wait_url, "GET"))
            yield c, task
            task.cancel()
        await settle()


def test_a_sound_file_is_heard_over_and_over():
    async def call():
        async with waiting(wait=wav("music")) as (c, _):
            await c.hears("music", "music", "music")
            assert len([r for r in c.web.requests if r.url.endswith("/wait")]) == 1

    run(call())


def test_a_document_is_made_once_and_repeated():
    async def call():
        document = "<Response><Say>Wait</Say><Pause length='2'/><Play>/song</Play></Response>"
        async with waiting(wait=document, song=wav("song")) as (c, _):
            await c.hears("Wait", "silence 2000", "song", "Wait", "silence 2000", "song")
            assert len([text for what, text in c.transcript if what == "say"]) == 1

    run(call())


def test_what_is_on_its_way_is_asked_for_again_when_it_was_heard():
    async def call():
        document = "<Response><Play loop='0'>/radio</Play></Response>"
        radio = answer(wav("a") * 40, kind="audio/mpeg")
        async with waiting(wait=document, radio=radio) as (c, _):
            await c.hears(*["http://app.test/radio"] * 3)
            assert len([r for r in c.web.requests if r.url.endswith("/radio")]) == 3

    run(call())


def test_a_redirect_leads_on():
    async def call():
        first = "<Response><Say>One</Say><Redirect>/second</Redirect></Response>"
        second = "<Response><Say>Two</Say></Response>"
        async with waiting(wait=first, second=second) as (c, _):
            await c.hears("One", "Two", "Two")

    run(call())


def test_a_circle_of_redirects_takes_its_time():
    async def call():
        async with waiting(wait="<Response><Redirect>/wait</Redirect></Response>") as (c, _):
            await c.waits(10)
            assert 8 <= len([r for r in c.web.requests if r.url.endswith("/wait")]) <= 12

    run(call())


def test_other_verbs_are_noticed_and_left_out():
    async def call():
        document = "<Response><Gather/><Say>Wait</Say></Response>"
        async with waiting(wait=document) as (c, _):
            await c.hears("Wait", "Wait")
            (notice,) = c.notices
            assert (notice.code, "<Gather>" in notice.message) == (13234, True)

    run(call())


def test_what_cannot_be_heard_is_told_and_leaves_silence():
    async def call():
        for pages in ({}, {"wait": "<Response><Play>/missing</Play></Response>"}, {"wait": "<Response/>"}):
            async with waiting(**pages) as (c, task):
                await asyncio.wait({task}, timeout=5)
                assert task.done()
                assert task.exception() is None
                assert bool(c.notices) == (pages.get("wait") != "<Response/>")

    run(call())


def test_an_announcement_is_what_a_document_or_a_file_sounds_like_once():
    async def call():
        document = "<Response><Say loop='2'>Stop</Say><Play>/song</Play><Pause length='1'/></Response>"
        async with waiting(document=document, song=wav("song"), empty="<Response/>") as (c, _):
            entry = c.dials[0].conference
            for url, sounds in (("/song", ["song"]), ("/document", ["Stop", "Stop", "song", "silence 1000"])):
                sources = await entry.sounds(f"{ORIGIN}{url}", "GET")
                assert [label(source) for source in sources] == sounds
            for url in ("/empty", "/missing"):
                with pytest.raises(NotHeard):
                    await entry.sounds(f"{ORIGIN}{url}", "POST")

    run(call())
