"""Lines of other codecs and rates than G.711, alone and bridged with it."""

from __future__ import annotations

import asyncio

from offhook.media.commands import Codec, Tone
from offhook.media.conformance.bench import Bench, Suite, presence, scenario, tone, wave


class Codecs(Suite):
    @scenario
    async def test_a_wideband_line_plays_records_and_hears_keys(self, bench: Bench) -> None:
        session, far = await bench.line(codec=Codec.L16_16)
        pressed: list[str] = []
        session.on_digit = pressed.append
        recording = session.start_record(str(bench.directory / "heard.wav"))
        await asyncio.gather(far.say(tone(600, 400)), session.play(Tone(frequencies=(900.0,), on=400)))
        await far.press("5")
        await asyncio.sleep(0.1)
        recorded = await recording.stop()
        assert self.near(presence(far.heard(), 900), 400, 2 * self.tolerance)
        assert self.near(presence(wave(recorded.path).line(), 600), 400, 2 * self.tolerance)
        assert pressed == ["5"]

    @scenario
    async def test_lines_of_different_codecs_hear_each_other_and_their_keys(self, bench: Bench) -> None:
        (a, ann), (b, bob) = await bench.line(codec=Codec.L16_16), await bench.line()
        bridge = a.start_bridge(b)
        await asyncio.sleep(0.1)
        await asyncio.gather(ann.say(tone(600, 400)), bob.say(tone(900, 400)))
        await ann.press("7")
        await asyncio.sleep(0.3)
        await bridge.stop()
        assert self.near(presence(bob.heard(), 600), 400, 2 * self.tolerance)
        assert self.near(presence(ann.heard(), 900), 400, 2 * self.tolerance)
        assert bob.keys == "7"

    @scenario
    async def test_what_is_fed_to_a_wideband_line_keeps_its_time(self, bench: Bench) -> None:
        session, far = await bench.line(codec=Codec.L16_16)
        stream = session.inject(rate=8000)
        stream.feed(tone(700, 400))
        stream.finish()
        played = await stream.result()
        await asyncio.sleep(0.1)
        assert self.near(played.duration, 400)
        assert self.near(presence(far.heard(), 700), 400, 2 * self.tolerance)
