"""Recordings: what ends them, and that their files can be read at every moment."""

from __future__ import annotations

import asyncio

from offhook.media.commands import Codec, Tone
from offhook.media.conformance.bench import Bench, Suite, failure, presence, scenario, tone, wave
from offhook.media.events import Recorded, RecordEnd
from offhook.media.recording import PauseBehavior, Track


class Recording(Suite):
    @scenario
    async def test_a_recording_holds_what_was_heard_and_is_never_too_long(self, bench: Bench) -> None:
        session, far = await bench.line()
        recording = session.start_record(str(bench.directory / "a.wav"), max_length=400)
        await far.say(tone(600, 600))
        recorded = await recording.result()
        heard = wave(recorded.path)
        assert recorded.end is RecordEnd.MAX_LENGTH
        assert recorded.duration == heard.duration
        assert self.near(heard.duration, 400, 20)
        assert heard.duration <= 400
        assert (heard.rate, heard.channels) == (8000, 1)
        assert self.near(presence(heard.samples, 600), 400, 120)

    @scenario
    async def test_silence_ends_a_recording(self, bench: Bench) -> None:
        session, far = await bench.line()
        recording = session.start_record(str(bench.directory / "a.wav"), silence=300)
        await far.say(tone(600, 500))
        assert not recording.ended
        recorded = await recording.result()
        assert recorded.end is RecordEnd.SILENCE
        assert self.near(recorded.duration, 800, 2 * self.tolerance)

    @scenario
    async def test_silence_ends_a_recording_of_a_caller_who_never_speaks(self, bench: Bench) -> None:
        session, _ = await bench.line()
        recorded = await session.start_record(str(bench.directory / "a.wav"), silence=200).result()
        assert recorded.end is RecordEnd.SILENCE
        assert self.near(recorded.duration, 200)

    @scenario
    async def test_a_finish_key_ends_a_recording_and_others_do_not(self, bench: Bench) -> None:
        session, far = await bench.line()
        recording = session.start_record(str(bench.directory / "a.wav"), finish_on="#*")
        await far.say(tone(600, 300))
        await far.press("1")
        assert not recording.ended
        await far.press("#")
        recorded = await recording.result()
        assert (recorded.end, recorded.key) == (RecordEnd.KEY, "#")
        assert recorded.duration == wave(recorded.path).duration
        assert self.near(recorded.duration, 450, 150)

    @scenario
    async def test_a_cancelled_recording_keeps_what_it_has(self, bench: Bench) -> None:
        session, far = await bench.line()
        recording = session.start_record(str(bench.directory / "a.wav"))

        async def verb() -> Recorded:
            return await recording.result()

        async with asyncio.TaskGroup() as group:
            task = group.create_task(verb())
            await far.say(tone(600, 300))
            task.cancel()
        recorded = await recording.result()
        assert recorded.end is RecordEnd.CANCELLED
        assert recorded.duration == wave(recorded.path).duration
        assert self.near(recorded.duration, 300)

    @scenario
    async def test_a_recording_survives_the_close_of_its_session(self, bench: Bench) -> None:
        session, far = await bench.line()
        recording = session.start_record(str(bench.directory / "a.wav"))
        await far.say(tone(600, 300))
        await session.close()
        recorded = await recording.result()
        assert recorded.end is RecordEnd.CANCELLED
        assert self.near(wave(recorded.path).duration, 300)
        assert presence(wave(recorded.path).samples, 600) >= 150

    @scenario
    async def test_a_recording_is_readable_while_it_is_made(self, bench: Bench) -> None:
        session, far = await bench.line()
        path = bench.directory / "a.wav"
        recording = session.start_record(str(path))
        await far.say(tone(600, 1400))
        assert 300 <= wave(path).duration <= 1400 + self.tolerance
        assert presence(wave(path).samples, 600) >= 200
        await recording.stop()

    @scenario
    async def test_a_beep_comes_before_the_recording(self, bench: Bench) -> None:
        session, far = await bench.line()
        recorded = await session.start_record(str(bench.directory / "a.wav"), beep=True, max_length=200).result()
        heard = far.heard()
        assert max(map(abs, heard), default=0) > 1000
        assert self.near(recorded.duration, 200, 20)
        assert max(map(abs, wave(recorded.path).samples), default=0) < 500

    @scenario
    async def test_silence_at_both_ends_is_trimmed_when_asked(self, bench: Bench) -> None:
        session, far = await bench.line()
        recording = session.start_record(str(bench.directory / "a.wav"), trim=True)
        await asyncio.sleep(0.2)
        await far.say(tone(600, 300))
        await asyncio.sleep(0.3)
        recorded = await recording.stop()
        assert recorded.duration == wave(recorded.path).duration
        assert self.near(recorded.duration, 300, 2 * self.tolerance)

    @scenario
    async def test_a_recording_of_nothing_but_silence_is_empty_when_trimmed(self, bench: Bench) -> None:
        session, _ = await bench.line()
        recorded = await session.start_record(str(bench.directory / "a.wav"), trim=True, max_length=200).result()
        assert recorded.duration == 0
        assert wave(recorded.path).duration == 0

    @scenario
    async def test_a_recording_that_cannot_be_written_fails(self, bench: Bench) -> None:
        session, _ = await bench.line()
        assert await failure(session.start_record(str(bench.directory / "no" / "such" / "folder.wav")).result())

    @scenario
    async def test_a_recording_of_what_the_far_end_hears_holds_its_prompts(self, bench: Bench) -> None:
        session, far = await bench.line()
        path = str(bench.directory / "a.wav")
        recording = session.start_record(path, track=Track.BOTH, channels=2)
        await asyncio.gather(far.say(tone(600, 400)), session.play(Tone(frequencies=(900.0,), on=400)))
        recorded = await recording.stop()
        both = wave(recorded.path)
        assert (both.rate, both.channels) == (8000, 2)
        for channel, own, other in ((0, 600, 900), (1, 900, 600)):
            assert self.near(presence(both.channel(channel), own), 400, 2 * self.tolerance)
            assert presence(both.channel(channel), other) == 0

    @scenario
    async def test_one_channel_of_both_sides_is_their_sum(self, bench: Bench) -> None:
        session, far = await bench.line()
        recording = session.start_record(str(bench.directory / "a.wav"), track=Track.BOTH)
        await asyncio.gather(far.say(tone(600, 400)), session.play(Tone(frequencies=(900.0,), on=400)))
        heard = wave((await recording.stop()).path)
        assert heard.channels == 1
        assert presence(heard.samples, 600) >= 200
        assert presence(heard.samples, 900) >= 200

    @scenario
    async def test_a_wideband_line_is_recorded_at_its_rate_unless_another_is_asked_for(self, bench: Bench) -> None:
        session, far = await bench.line(codec=Codec.L16_16)
        wide = session.start_record(str(bench.directory / "wide.wav"))
        narrow = session.start_record(str(bench.directory / "narrow.wav"), rate=8000)
        await far.say(tone(600, 300))
        for recording, rate in ((wide, 16_000), (narrow, 8000)):
            recorded = await recording.stop()
            heard = wave(recorded.path)
            assert heard.rate == rate
            assert self.near(heard.duration, 300)
            assert self.near(recorded.duration, heard.duration, 1)

    @scenario
    async def test_a_pause_leaves_out_its_time_or_leaves_silence(self, bench: Bench) -> None:
        session, far = await bench.line()
        taken = {
            behavior: session.start_record(str(bench.directory / f"{behavior}.wav"), silence=5000)
            for behavior in PauseBehavior
        }
        await far.say(tone(600, 300))
        for behavior, recording in taken.items():
            recording.pause(behavior)
        await far.say(tone(900, 400))
        for recording in taken.values():
            recording.resume()
        await far.say(tone(1300, 300))
        await asyncio.sleep(0.1)
        for behavior, length in ((PauseBehavior.SKIP, 700), (PauseBehavior.SILENCE, 1100)):
            recorded = await taken[behavior].stop()
            heard = wave(recorded.path)
            assert self.near(heard.duration, length, 2 * self.tolerance)
            assert self.near(recorded.duration, heard.duration, 1)
            assert presence(heard.samples, 900) <= 2 * self.tolerance
            assert self.near(presence(heard.samples, 600), 300, 2 * self.tolerance)
            assert self.near(presence(heard.samples, 1300), 300, 2 * self.tolerance)

    @scenario
    async def test_time_that_a_pause_leaves_out_does_not_count(self, bench: Bench) -> None:
        session, far = await bench.line()
        recording = session.start_record(str(bench.directory / "a.wav"), max_length=400)
        await far.say(tone(600, 200))
        recording.pause(PauseBehavior.SKIP)
        await far.say(tone(600, 400))
        assert not recording.ended
        recording.resume()
        await far.say(tone(600, 300))
        recorded = await recording.result()
        assert recorded.end is RecordEnd.MAX_LENGTH
        assert self.near(recorded.duration, 400, 20)
