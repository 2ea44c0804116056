"""Voices, silence and tones in what is heard."""

from __future__ import annotations

import asyncio

from offhook.media.commands import Silence, Tone
from offhook.media.conformance.bench import Bench, Suite, presence, scenario, silence, tone
from offhook.media.events import (
    VOICE,
    Detected,
    SilenceHeard,
    ToneStarted,
    ToneStopped,
    VoiceStarted,
    VoiceStopped,
)
from offhook.media.voice import Voice

SPOKEN = (300.0, 550.0, 900.0)
"""Frequencies that together are taken for a voice."""


class Detecting(Suite):
    @scenario
    async def test_a_voice_and_the_silence_around_it_are_told_with_their_times(self, bench: Bench) -> None:
        session, far = await bench.line()
        found: list[Detected] = []
        async with session.detect(voice=Voice(hangover=200), silence=600) as findings:
            await far.say(silence(700) + tone(SPOKEN, 500) + silence(1100))
            async for finding in findings:
                found.append(finding)
                if len(found) == 4:
                    break
        before, started, stopped, after = found
        assert isinstance(before, SilenceHeard)
        assert before.at == 0
        assert isinstance(started, VoiceStarted)
        assert isinstance(stopped, VoiceStopped)
        assert isinstance(after, SilenceHeard)
        assert self.near(stopped.at - started.at, 500, 40 + self.tolerance)
        assert self.near(started.at, 700, 2 * self.tolerance + 20)
        assert after.at == stopped.at

    @scenario
    async def test_a_beep_is_a_tone_and_no_voice(self, bench: Bench) -> None:
        session, far = await bench.line()
        found: list[Detected] = []
        async with session.detect(voice=Voice(), tones=True) as findings:
            await far.say(silence(100) + tone(1000.0, 400) + silence(300))
            async for finding in findings:
                found.append(finding)
                if len(found) == 2:
                    break
        started, stopped = found
        assert isinstance(started, ToneStarted)
        assert isinstance(stopped, ToneStopped)
        assert self.near(started.frequency, 1000, 10)
        assert self.near(stopped.duration, 400, 40 + self.tolerance)

    @scenario
    async def test_detection_ends_with_its_session(self, bench: Bench) -> None:
        session, far = await bench.line()
        findings = session.detect(voice=Voice())
        await far.say(silence(100))
        await session.close()
        assert [finding async for finding in findings] == []

    @scenario
    async def test_a_voice_stops_the_prompt_at_once(self, bench: Bench) -> None:
        session, far = await bench.line()
        playing = session.start_play(Tone(frequencies=(600.0,), on=5000), stop_on_voice=Voice())
        await far.say(silence(300) + tone(SPOKEN, 400))
        played = await playing.result()
        assert played.stopped_by == VOICE
        assert 300 <= played.duration <= 600 + 2 * self.tolerance
        await asyncio.sleep(0.1)
        assert self.near(presence(far.heard(), 600), played.duration)

    @scenario
    async def test_a_prompt_that_nobody_interrupts_is_played_to_its_end(self, bench: Bench) -> None:
        session, far = await bench.line()
        playing = session.start_play(Tone(frequencies=(600.0,), on=300), Silence(duration=100), stop_on_voice=Voice())
        await far.say(silence(300))
        played = await playing.result()
        assert played.stopped_by is None
        assert self.near(played.duration, 400, 20)
