"""<Record>: what ends a recording, and what the application is told of it."""

from __future__ import annotations

import pytest

from offhook.calls.events import RecordingEnded, RecordingStarted
from offhook.calls.script import Application
from offhook.media.recording import Record
from tests.support.caller import CALL, ORIGIN, RECORDING, Caller, caller
from tests.support.virtual_loop import run

PAGES = {"/": '<Response><Record action="/done"/></Response>', "/done": "<Response><Say>Thanks</Say></Response>"}
URL = f"https://api.test/2012-04-24/AC{'a' * 32}/{RECORDING}"


def command(c: Caller) -> Record:
    (work,) = c.engine.works.values()
    assert isinstance(work.command, Record)
    return work.command


def test_a_key_ends_the_recording_and_its_url_reaches_the_application():
    async def call():
        async with caller(PAGES) as c:
            await c.waits(2.51)
            c.presses("5")
            assert await c.app_was_asked(
                "/done",
                RecordingUrl=URL,
                PublicRecordingUrl=URL,
                RecordingSid=RECORDING,
                RecordingDuration="2.51",
                Digits="5",
            )
            await c.hears("Thanks")

    run(call())


def test_the_other_dialect_counts_whole_seconds():
    async def call():
        async with caller(PAGES, api_version="2010-04-01") as c:
            await c.waits(2.6)
            c.presses("#")
            assert await c.app_was_asked("/done", RecordingDuration="3", Digits="#")
            assert "PublicRecordingUrl" not in dict(c.web.requests[-1].form)

    run(call())


def test_the_attributes_become_the_command():
    document = (
        '<Response><Record timeout="3" maxLength="20" finishOnKey="*" playBeep="false" trim="trim-silence"/></Response>'
    )

    async def call():
        async with caller(document) as c:
            await c.waits(1)
            assert command(c) == Record(
                id=command(c).id,
                session=command(c).session,
                path=f"/recordings/{RECORDING}.wav",
                rate=8_000,
                max_length=20_000,
                silence=3_000,
                finish_on="*",
                trim=True,
            )

    run(call())


@pytest.mark.parametrize(
    ("attribute", "keys"),
    [("", "1234567890*#"), ('finishOnKey=""', ""), ('finishOnKey="-1"', ""), ('finishOnKey="#"', "#")],
)
def test_the_finish_key_is_any_unless_said_otherwise(attribute, keys):
    async def call():
        async with caller(f"<Response><Record {attribute}/></Response>") as c:
            await c.waits(1)
            assert command(c).finish_on == keys

    run(call())


def test_silence_and_the_maximum_length_end_it_without_a_key():
    async def silence():
        async with caller(PAGES) as c:
            await c.waits(4)
            c.engine.fall_silent()
            assert await c.app_was_asked("/done", RecordingDuration="4", Digits="")

    async def length():
        pages = PAGES | {"/": '<Response><Record action="/done" maxLength="7"/></Response>'}
        async with caller(pages) as c:
            assert await c.app_was_asked("/done", RecordingDuration="7", Digits="")

    run(silence())
    run(length())


def test_a_caller_who_hangs_up_is_announced_with_what_was_recorded():
    async def call():
        async with caller(PAGES) as c:
            await c.waits(3)
            c.hangs_up()
            assert await c.app_was_asked(
                "/done", RecordingUrl=URL, RecordingDuration="3", Digits="hangup", CallStatus="completed"
            )
            await c.waits(1)
            assert "Thanks" not in c.engine.heard

    run(call())


def test_a_redirect_keeps_the_recording_and_asks_nothing():
    async def call():
        async with caller(PAGES | {"/new": "<Response><Say>New</Say></Response>"}) as c:
            await c.waits(3)
            c.is_redirected(Application(url=f"{ORIGIN}/new"))
            await c.hears("New")
            assert [r.url for r in c.web.requests] == [f"{ORIGIN}/", f"{ORIGIN}/new"]
            assert [e.duration for e in c.events if isinstance(e, RecordingEnded)] == [3000]

    run(call())


def test_listeners_learn_of_start_and_end_and_of_an_empty_recording():
    async def heard(seconds: float) -> tuple[RecordingStarted, RecordingEnded]:
        async with caller("<Response><Record/></Response>") as c:
            await c.waits(seconds)
            c.hangs_up()
            await c.waits(1)
            (begun,) = [event for event in c.events if isinstance(event, RecordingStarted)]
            (ended,) = [event for event in c.events if isinstance(event, RecordingEnded)]
            return begun, ended

    begun, ended = run(heard(2.0))
    assert (begun.sid, begun.call_sid, begun.source, begun.channels) == (RECORDING, CALL, "RecordVerb", 1)
    assert (ended.sid, ended.duration, ended.absent) == (RECORDING, 2000, False)


def test_without_an_action_the_next_verb_runs():
    async def call():
        async with caller("<Response><Record/><Say>Next</Say></Response>") as c:
            await c.waits(1)
            c.presses("1")
            await c.hears("Next")

    run(call())
