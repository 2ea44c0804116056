"""Telephone keys, both ways: as events (RFC 4733) and as tones (ITU-T Q.23)."""

from __future__ import annotations

import asyncio

from offhook.media.commands import Tone
from offhook.media.conformance.bench import Bench, Suite, failure, presence, scenario, silence, tone


class Keys(Suite):
    @scenario
    async def test_each_key_is_reported_once(self, bench: Bench) -> None:
        session, far = await bench.line()
        pressed: list[str] = []
        session.on_digit = pressed.append
        await far.press("11*#A0")
        await asyncio.sleep(0.1)
        assert "".join(pressed) == "11*#A0"

    @scenario
    async def test_each_key_is_reported_once_on_a_line_that_loses_packets(self, bench: Bench) -> None:
        session, far = await bench.line()
        pressed: list[str] = []
        session.on_digit = pressed.append
        await far.press("1122", lossy=True)
        await asyncio.sleep(0.1)
        assert "".join(pressed) == "1122"

    @scenario
    async def test_keys_are_sent_in_order_and_pauses_are_kept(self, bench: Bench) -> None:
        session, far = await bench.line()
        loop = asyncio.get_running_loop()
        began = loop.time()
        await session.send_digits("1w22#", on=80, off=60)
        assert self.near(1000 * (loop.time() - began), 1030, 120 + self.tolerance)
        await asyncio.sleep(0.1)
        assert far.keys == "122#"
        assert await failure(session.send_digits("12x"))

    @scenario
    async def test_keys_are_tones_for_a_far_end_that_knows_no_events(self, bench: Bench) -> None:
        session, far = await bench.line(keys=False)
        await session.send_digits("5", on=200, off=100)
        await asyncio.sleep(0.1)
        assert far.keys == ""
        assert self.near(presence(far.heard(), 770), 200)
        assert self.near(presence(far.heard(), 1336), 200)

    @scenario
    async def test_keys_that_come_as_tones_are_reported_once_each(self, bench: Bench) -> None:
        session, far = await bench.line(keys=False, inband=True)
        pressed: list[str] = []
        session.on_digit = pressed.append
        playing = session.start_play(Tone(frequencies=(600.0,), on=5000), stop_on="#")
        for row, column in ((697.0, 1209.0), (697.0, 1209.0), (941.0, 1477.0)):
            await far.say(tone((row, column), 80) + silence(80))
        played = await playing.result()
        assert played.stopped_by == "#"
        assert played.duration < 1500
        assert "".join(pressed) == "11#"

    @scenario
    async def test_tones_are_no_keys_where_nobody_asked(self, bench: Bench) -> None:
        session, far = await bench.line()
        pressed: list[str] = []
        session.on_digit = pressed.append
        await far.say(tone((697.0, 1209.0), 100) + silence(100))
        await asyncio.sleep(0.1)
        assert pressed == []

    @scenario
    async def test_a_bridge_brings_a_key_to_each_end_in_the_way_that_it_knows(self, bench: Bench) -> None:
        toned, its_far = await bench.line(keys=False, inband=True)
        other, other_far = await bench.line()
        bridge = toned.start_bridge(other)
        await asyncio.sleep(0.1)
        await its_far.say(tone((770.0, 1336.0), 200) + silence(200))
        await other_far.press("9")
        await asyncio.sleep(0.4)
        await bridge.stop()
        assert other_far.keys == "5"
        assert self.near(presence(its_far.heard(), 1477), 100)
