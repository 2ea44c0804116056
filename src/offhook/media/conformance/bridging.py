"""Bridges: who hears whom, and what is recorded of it."""

from __future__ import annotations

import asyncio

from offhook.media.commands import Tone
from offhook.media.conformance.bench import Bench, Suite, presence, scenario, tone, wave
from offhook.media.recording import Track


class Bridging(Suite):
    @scenario
    async def test_bridged_ends_hear_each_other_until_it_is_stopped(self, bench: Bench) -> None:
        (a, ann), (b, bob) = await bench.line(), await bench.line()
        bridge = a.start_bridge(b)
        await asyncio.gather(ann.say(tone(600, 400)), bob.say(tone(900, 400)))
        await asyncio.sleep(0.15)
        await bridge.stop()
        assert self.near(presence(bob.heard(), 600), 400, 2 * self.tolerance)
        assert self.near(presence(ann.heard(), 900), 400, 2 * self.tolerance)
        assert presence(ann.heard(), 600) == presence(bob.heard(), 900) == 0
        await ann.say(tone(1300, 200))
        assert presence(bob.heard(), 1300) == 0

    @scenario
    async def test_a_bridge_ends_when_one_of_them_closes(self, bench: Bench) -> None:
        (a, _), (b, _) = await bench.line(), await bench.line()
        bridge = a.start_bridge(b)
        await asyncio.sleep(0.05)
        await b.close()
        await bridge.result()
        assert bridge.interrupted

    @scenario
    async def test_a_recording_of_both_sides_has_the_far_end_of_a_bridge_on_its_second_channel(
        self, bench: Bench
    ) -> None:
        (a, ann), (b, bob) = await bench.line(), await bench.line()
        bridge = a.start_bridge(b)
        recording = a.start_record(str(bench.directory / "both.wav"), track=Track.BOTH, channels=2)
        await asyncio.gather(ann.say(tone(600, 400)), bob.say(tone(900, 400)))
        recorded = await recording.stop()
        await bridge.stop()
        both = wave(recorded.path)
        assert both.channels == 2
        assert self.near(recorded.duration, both.duration, 1)
        assert self.near(recorded.duration, 400)
        assert presence(both.channel(0), 600) >= 200
        assert presence(both.channel(1), 900) >= 200
        assert presence(both.channel(0), 900) == presence(both.channel(1), 600) == 0

    @scenario
    async def test_a_recording_goes_on_in_the_file_of_an_earlier_one(self, bench: Bench) -> None:
        (a, ann), (b, bob) = await bench.line(), await bench.line()
        path = str(bench.directory / "both.wav")
        bridge = a.start_bridge(b)
        for goes_on in (False, True):
            recording = a.start_record(path, track=Track.BOTH, channels=2, goes_on=goes_on)
            await asyncio.gather(ann.say(tone(600, 400)), bob.say(tone(900, 400)))
            recorded = await recording.stop()
        await bridge.stop()
        both = wave(path)
        assert self.near(recorded.duration, both.duration, 1)
        assert self.near(recorded.duration, 800, 2 * self.tolerance)
        assert presence(both.channel(0), 600) >= 400
        assert presence(both.channel(1), 900) >= 400
        assert presence(both.channel(0), 900) == presence(both.channel(1), 600) == 0

    @scenario
    async def test_a_session_bridged_with_itself_echoes(self, bench: Bench) -> None:
        session, far = await bench.line()
        echo = session.start_bridge(session)
        await far.say(tone(600, 400))
        await asyncio.sleep(0.15)
        await echo.stop()
        assert self.near(presence(far.heard(), 600), 400, 2 * self.tolerance)

    @scenario
    async def test_a_prompt_covers_the_bridge_for_one_end_only(self, bench: Bench) -> None:
        (a, ann), (b, bob) = await bench.line(), await bench.line()
        bridge = a.start_bridge(b)
        await asyncio.gather(
            bob.say(tone(900, 300)), ann.say(tone(600, 300)), a.play(Tone(frequencies=(1500.0,), on=300))
        )
        await asyncio.sleep(0.1)
        await bridge.stop()
        assert self.near(presence(ann.heard(), 1500), 300)
        assert presence(ann.heard(), 900) <= 2 * self.tolerance
        assert self.near(presence(bob.heard(), 600), 300, 2 * self.tolerance)
        assert presence(bob.heard(), 1500) == 0

    @scenario
    async def test_keys_cross_a_bridge_and_are_reported(self, bench: Bench) -> None:
        (a, ann), (b, bob) = await bench.line(), await bench.line()
        pressed: list[str] = []
        a.on_digit = pressed.append
        bridge = a.start_bridge(b)
        await ann.press("42")
        await asyncio.sleep(0.15)
        await bridge.stop()
        assert bob.keys == "42"
        assert pressed == ["4", "2"]
