"""The twin's own promises about recordings; the conformance suite asks the rest."""

from __future__ import annotations

import asyncio

from offhook.media.commands import Silence
from offhook.media.events import RecordEnd
from offhook.media.wav import read_wav
from tests.media.test_fake_work import with_line


def test_a_recording_is_written_while_it_grows(tmp_path):
    async def body(engine, session):
        recording = session.start_record(str(tmp_path / "a.wav"))
        engine.speak(session.id, 10_000)
        for second in range(1, 6):
            await asyncio.sleep(1.0)
            assert second * 1000 - 1000 <= read_wav((tmp_path / "a.wav").read_bytes()).duration <= second * 1000
        await recording.stop()

    with_line(body)


def test_a_key_during_the_beep_ends_the_recording_before_it_began(tmp_path):
    async def body(engine, session):
        recording = session.start_record(str(tmp_path / "a.wav"), beep=True, finish_on="#")
        await asyncio.sleep(0.1)
        engine.press(session.id, "#")
        recorded = await recording.result()
        assert (recorded.duration, recorded.end, recorded.key) == (0, RecordEnd.KEY, "#")

    with_line(body)


def test_one_key_ends_a_prompt_and_a_recording_together(tmp_path):
    async def body(engine, session):
        recording = session.start_record(str(tmp_path / "a.wav"), finish_on="5")
        prompt = session.start_play(Silence(duration=5000), stop_on="5")
        await asyncio.sleep(0.7)
        engine.press(session.id, "5")
        assert (await prompt.result()).duration == (await recording.result()).duration == 700

    with_line(body)


def test_words_that_come_late_put_off_the_end_by_silence(tmp_path):
    async def body(engine, session):
        recording = session.start_record(str(tmp_path / "a.wav"), silence=3000)
        for _ in range(4):
            await asyncio.sleep(2)
            engine.speak(session.id, 500)
        recorded = await recording.result()
        assert (recorded.duration, recorded.end) == (8500 + 3000, RecordEnd.SILENCE)

    with_line(body)
