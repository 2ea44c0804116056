"""The media ports of verbs: failures are the verb's, a closed session is the call's end."""

from __future__ import annotations

import asyncio

import pytest

from offhook.media.commands import Silence
from offhook.media.session import MediaClosed
from offhook.rcml.context import Capture
from offhook.rcml.errors import VerbFailed
from offhook.rcml.keys import KeyBuffer
from offhook.rcml.sound import CallRecorder, CallSound
from tests.support.caller import Caller, caller
from tests.support.virtual_loop import VirtualClock, run

CAPTURE = Capture(max_length=9_000, silence=0, finish_on="#", beep=False, trim=False)


def sound(c: Caller) -> CallSound:
    return CallSound(c, KeyBuffer(c.digit, c.flush_digits))


@pytest.mark.parametrize("stop_on", ["", "1"])
def test_what_the_engine_refuses_fails_the_verb(stop_on):
    async def call():
        async with caller("<Response><Pause length='60'/></Response>", answered=True) as c:
            c.engine.refuses = "out of memory"
            with pytest.raises(VerbFailed, match="out of memory"):
                await sound(c).play(Silence(duration=5), stop_on=stop_on)

    run(call())


@pytest.mark.parametrize("stop_on", ["", "1"])
def test_a_session_that_closes_is_no_failure_of_the_verb(stop_on):
    async def call():
        async with caller("<Response><Pause length='60'/></Response>", answered=True) as c:
            async with asyncio.TaskGroup() as group:
                group.create_task(after(1, c.hangs_up))
                with pytest.raises(MediaClosed):
                    await sound(c).play(Silence(duration=5000), stop_on=stop_on)

    run(call())


def test_a_cancelled_recording_leaves_behind_what_was_recorded():
    async def call():
        async with caller("<Response><Pause length='60'/></Response>", answered=True) as c:
            recorder = CallRecorder(
                c,
                new_sid=lambda kind: kind,
                paths=lambda sid: f"/{sid}",
                urls=lambda account, sid, version: f"/{version}/{sid}",
                now=VirtualClock().utc,
            )
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(2):
                    await recorder.record(CAPTURE)
            assert recorder.last is not None
            assert (recorder.last.duration, recorder.last.hung_up) == (2000, True)
            assert recorder.last.url == "/2012-04-24/recording"
            nothing = asyncio.timeout(0)
            with pytest.raises(TimeoutError):
                async with nothing:
                    await recorder.record(CAPTURE)
            assert (recorder.last.sid, recorder.last.url, recorder.last.duration) == (None, "", 0)

    run(call())


async def after(seconds: float, action) -> None:
    await asyncio.sleep(seconds)
    action()
