"""Recordings of a call: what is told of each, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from offhook.calls.events import RecordingEnded, RecordingPaused, RecordingStarted
from offhook.calls.recording import RecordingOrder
from offhook.media.operation import MediaFailed
from offhook.media.recording import PauseBehavior, Record, Track
from offhook.media.wav import read_wav
from tests.calls.twins import LegTwin, World, world
from tests.support.virtual_loop import run, settle, until

ORDER = RecordingOrder(source="StartCallRecordingAPI", channels=2)


def in_call(folder: Path, body: Callable[[World, LegTwin, Any], Any]) -> None:
    """Run ``body`` during a call that came in, whose recordings lie in ``folder``."""

    async def main() -> None:
        async with world(recordings=str(folder)) as w:
            leg = w.call_in()
            await until(lambda: "200" in leg.said)
            await body(w, leg, w.script.calls[0])
            leg.ends()

    run(main())


def told(w: World) -> list[Any]:
    return [event for event in w.log.events if isinstance(event, RecordingStarted | RecordingPaused | RecordingEnded)]


def test_a_recording_tells_its_start_its_length_and_its_end_once(tmp_path: Path) -> None:
    async def body(w: World, leg: LegTwin, call: Any) -> None:
        recording = call.start_recording(ORDER)
        w.engine.speak(leg.media.id, 3_000)
        await asyncio.sleep(3)
        assert await recording.stop() == await recording.stop() == recording.duration
        await settle()
        started, ended = told(w)
        assert (started.channels, started.track, started.source) == (2, Track.BOTH, "StartCallRecordingAPI")
        assert (ended.sid, ended.duration, ended.absent, ended.started) == (
            started.sid,
            recording.duration,
            False,
            started,
        )
        assert abs(ended.duration - 3_000) <= 40
        assert read_wav(Path(started.path).read_bytes()).channels == 2

    in_call(tmp_path, body)


def test_the_end_is_told_when_it_comes_though_nobody_waits_for_it(tmp_path: Path) -> None:
    async def body(w: World, leg: LegTwin, call: Any) -> None:
        recording = call.start_recording(RecordingOrder(source="OutboundAPI", max_length=1_000))
        await asyncio.sleep(1.5)
        assert recording.over
        assert told(w)[-1].duration == 1_000

    in_call(tmp_path, body)


def test_a_recording_pauses_and_goes_on(tmp_path: Path) -> None:
    async def body(w: World, leg: LegTwin, call: Any) -> None:
        recording = call.start_recording(ORDER)
        recording.resume()
        await asyncio.sleep(1)
        recording.pause(PauseBehavior.SKIP)
        await asyncio.sleep(2)
        recording.resume()
        await asyncio.sleep(1)
        assert await recording.stop() == 2_000
        recording.pause(PauseBehavior.SKIP)
        assert [type(event) for event in told(w)] == [
            RecordingStarted,
            RecordingPaused,
            RecordingPaused,
            RecordingEnded,
        ]
        assert [event.paused for event in told(w)[1:3]] == [True, False]

    in_call(tmp_path, body)


def test_a_recording_that_the_engine_refused_is_absent_and_says_why(tmp_path: Path) -> None:
    async def body(w: World, leg: LegTwin, call: Any) -> None:
        w.engine.refuse_next(Record, "the disk is full")
        recording = call.start_recording(ORDER)
        with pytest.raises(MediaFailed, match="the disk is full"):
            await recording.result()
        ended = told(w)[-1]
        assert (ended.absent, ended.reason) == (True, "the disk is full")

    in_call(tmp_path, body)
