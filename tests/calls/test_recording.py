from __future__ import annotations

import asyncio
from pathlib import Path

from offhook.calls.events import RecordingEnded, RecordingStarted
from offhook.media.commands import Record
from tests.calls.twins import world
from tests.support.virtual_loop import run, until


def test_a_recording_tells_its_start_its_length_and_its_end_once(tmp_path: Path) -> None:
    async def main() -> None:
        async with world() as w:
            leg = w.call_in()
            await until(lambda: "200" in leg.said)
            call = w.script.calls[0]
            recording = call._around.recording(call.facts)
            path = str(tmp_path / "r.wav")
            operation = leg.media.start_record(path)
            recording.begin(channels=1, source="RecordVerb")
            w.engine.speak(leg.media.id, 3_000)
            await asyncio.sleep(3)
            duration = await recording.finish(operation)
            started, ended = w.log.events[-2:]
            assert isinstance(started, RecordingStarted)
            assert isinstance(ended, RecordingEnded)
            assert (started.sid, ended.duration, ended.absent) == (ended.sid, duration, False)
            assert abs(duration - 3_000) <= 40
            leg.ends()

    run(main())


def test_a_recording_that_the_engine_refused_is_absent(tmp_path: Path) -> None:
    async def main() -> None:
        async with world() as w:
            leg = w.call_in()
            await until(lambda: "200" in leg.said)
            call = w.script.calls[0]
            recording = call._around.recording(call.facts)
            w.engine.refuse_next(Record, "the disk is full")
            recording.begin(channels=1, source="RecordVerb")
            assert await recording.finish(leg.media.start_record(str(tmp_path / "r.wav"))) == 0
            ended = w.log.events[-1]
            assert isinstance(ended, RecordingEnded)
            assert ended.absent
            leg.ends()

    run(main())
