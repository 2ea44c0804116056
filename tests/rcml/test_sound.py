"""The media ports of verbs: failures are the verb's, a closed session is the call's end."""

from __future__ import annotations

import asyncio

import pytest

from offhook.media.commands import Silence
from offhook.media.session import MediaClosed
from offhook.rcml.context import Capture
from offhook.rcml.download import Download
from offhook.rcml.errors import VerbFailed
from offhook.rcml.keys import KeyBuffer
from offhook.rcml.sound import CallRecorder, CallSound
from tests.support.caller import RECORDING, Caller, WebStream, answer, caller, wav
from tests.support.virtual_loop import run

CAPTURE = Capture(max_length=9_000, silence=0, finish_on="#", beep=False, trim=False)


def sound(c: Caller) -> CallSound:
    return CallSound(c, KeyBuffer(c.digit, c.flush_digits), 60.0)


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
            recorder = CallRecorder(c, lambda account, sid, version: f"/{version}/{sid}")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(2):
                    await recorder.record(CAPTURE)
            assert recorder.last is not None
            assert (recorder.last.duration, recorder.last.hung_up) == (2000, True)
            assert recorder.last.url == f"/2012-04-24/{RECORDING}"
            nothing = asyncio.timeout(0)
            with pytest.raises(TimeoutError):
                async with nothing:
                    await recorder.record(CAPTURE)
            assert (recorder.last.sid, recorder.last.url, recorder.last.duration) == (None, "", 0)

    run(call())


async def after(seconds: float, action) -> None:
    await asyncio.sleep(seconds)
    action()


def download(c: Caller, body: bytes = b"x" * 5000, limit: int = 100_000, **headers: str) -> tuple[Download, WebStream]:
    stream = WebStream(answer(body, kind="audio/mpeg", **headers))
    return Download(stream, name="a.mp3", limit=limit, keep=lambda _: None), stream


@pytest.mark.parametrize("stop_on", ["", "1"])
def test_what_is_on_its_way_is_supplied_while_it_is_played(stop_on):
    async def call():
        async with caller("<Response><Pause length='60'/></Response>", answered=True) as c:
            coming, stream = download(c)
            await sound(c).play(Silence(duration=500), coming, stop_on=stop_on)
            assert c.engine.heard[:2] == ["silence 500", "a.mp3"]
            assert c.engine.supplied == b"x" * 5000
            assert stream.closed

    run(call())


@pytest.mark.parametrize(("loop", "times"), [(3, 1), (1, 2)])
def test_what_is_repeated_is_fetched_before(loop, times):
    async def call():
        async with caller("<Response><Pause length='60'/></Response>", answered=True) as c:
            coming, stream = download(c, wav("a"))
            await sound(c).play(*[coming] * times, loop=loop)
            assert c.engine.heard[:times] == ["a"] * times
            assert stream.closed

    run(call())


def test_what_breaks_off_is_heard_as_far_as_it_came_and_then_told():
    async def call():
        async with caller("<Response><Pause length='60'/></Response>", answered=True) as c:
            coming, _ = download(c, broken="yes")
            with pytest.raises(VerbFailed, match="a.mp3 could not be fetched: app.test broke off"):
                await sound(c).play(coming)
            assert c.engine.supplied == b"x" * 5000

    run(call())


def test_a_stream_is_played_no_longer_than_allowed():
    async def call():
        async with caller("<Response><Pause length='600'/></Response>", answered=True) as c:
            coming, stream = download(c)
            with pytest.raises(VerbFailed, match="was played for 60 s"):
                await sound(c).play(Silence(duration=100_000), coming)
            assert stream.closed

    run(call())
