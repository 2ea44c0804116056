"""What the conformance suite does not ask: the twin's own promises about long and odd work."""

from __future__ import annotations

import asyncio

from offhook.media.commands import Codec, Silence, Tone
from offhook.media.events import RecordEnd
from offhook.media.fake import FakeEngine
from offhook.media.session import Sessions
from offhook.media.wav import read_wav
from tests.support.virtual_loop import run


def with_line(body):
    """Run ``body(engine, session)`` in virtual time on a line that is connected."""

    async def main():
        engine = FakeEngine()
        sessions = Sessions(engine)
        session = sessions.create()
        await session.open("127.0.0.1")
        await session.connect(remote=("127.0.0.1", 40_000), codec=Codec.PCMU, payload_type=0, dtmf_payload_type=101)
        await body(engine, session)
        await sessions.close()
        assert engine.idle

    run(main())


def test_a_loop_without_end_is_heard_piece_by_piece():
    async def body(engine, session):
        music = session.start_play(Tone(frequencies=(600.0,), on=400), Silence(duration=100), loop=0)
        await asyncio.sleep(1.2)
        assert (await music.stop()).duration == 1200
        assert [heard.duration for heard in engine.heard(session.id)] == [400, 100, 400, 100, 200]

    with_line(body)


def test_stopping_what_waits_does_not_start_it():
    async def body(engine, session):
        first = session.start_play(Tone(frequencies=(600.0,), on=400))
        second = session.start_play(Tone(frequencies=(900.0,), on=400))
        await session.close()
        assert (await second.result()).duration == 0
        assert (await first.result()).duration == 0
        assert [heard.source.frequencies for heard in engine.heard(session.id)] == [(600.0,)]

    with_line(body)


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


def test_a_stream_that_pauses_is_silent_in_between_and_counts_only_sound():
    async def body(engine, session):
        stream = session.inject()
        stream.feed(bytes(3200))
        await asyncio.sleep(1)
        stream.feed(bytes(3200))
        stream.finish()
        assert (await stream.result()).duration == 400
        at = [heard.at for heard in engine.heard(session.id)]
        assert at[1] - at[0] == 1000

    with_line(body)
