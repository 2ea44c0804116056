"""Telephone keys, both ways (RFC 4733)."""

from __future__ import annotations

import asyncio

from offhook.media.conformance.bench import Bench, Suite, failure, presence, scenario


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
