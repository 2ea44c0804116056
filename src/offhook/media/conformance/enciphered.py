"""Lines whose packets are enciphered (SRTP)."""

from __future__ import annotations

import asyncio

from offhook.media.commands import Tone
from offhook.media.conformance.bench import Bench, Suite, presence, scenario, tone, wave
from offhook.media.srtp import Security, SrtpSuite

SUITE = SrtpSuite.AES_CM_128_HMAC_SHA1_80
SECURITY = Security(suite=SUITE, sends=b"\x11" * SUITE.key_length, receives=b"\x22" * SUITE.key_length)


class Enciphered(Suite):
    @scenario
    async def test_an_enciphered_line_hears_and_is_heard(self, bench: Bench) -> None:
        session, far = await bench.line(security=SECURITY)
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
    async def test_an_enciphered_line_and_a_plain_one_hear_each_other(self, bench: Bench) -> None:
        (a, ann), (b, bob) = await bench.line(security=SECURITY), await bench.line()
        bridge = a.start_bridge(b)
        await asyncio.gather(ann.say(tone(600, 400)), bob.say(tone(900, 400)))
        await ann.press("7")
        await asyncio.sleep(0.15)
        await bridge.stop()
        assert self.near(presence(bob.heard(), 600), 400, 2 * self.tolerance)
        assert self.near(presence(ann.heard(), 900), 400, 2 * self.tolerance)
        assert bob.keys == "7"
