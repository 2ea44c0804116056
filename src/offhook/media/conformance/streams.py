"""Taps and injected audio, for speech and media streams."""

from __future__ import annotations

import asyncio
import math
from array import array

from offhook.media.commands import (
    Tone,
)
from offhook.media.conformance.bench import Bench, Suite, failure, presence, scenario, tone
from offhook.media.wav import pcm_bytes, pcm_samples


class Streams(Suite):
    @scenario
    async def test_a_tap_hands_out_what_is_heard(self, bench: Bench) -> None:
        session, far = await bench.line()
        collected = array("h")
        sizes = set()
        async with session.tap(rate=8000, chunk=100) as chunks, asyncio.TaskGroup() as group:
            speaking = group.create_task(far.say(tone(600, 500)))
            async for chunk in chunks:
                sizes.add(len(chunk.data))
                collected.extend(pcm_samples(chunk.data))
                if speaking.done():
                    break
        assert sizes == {1600}
        assert self.near(presence(collected, 600), 500, 140)

    @scenario
    async def test_a_tap_ends_with_its_session(self, bench: Bench) -> None:
        session, _ = await bench.line()
        chunks = session.tap(rate=16_000, chunk=40)
        sizes: set[int] = set()
        async with asyncio.timeout(5):
            async for chunk in chunks:
                if not sizes:
                    await session.close()
                sizes.add(len(chunk.data))
        assert sizes == {1280}

    @scenario
    async def test_a_stream_is_heard_as_it_is_fed_and_ends_after_the_last(self, bench: Bench) -> None:
        session, far = await bench.line()
        stream = session.inject(rate=16_000)
        for _ in range(5):
            stream.feed(
                pcm_bytes(array("h", (round(6000 * math.sin(math.tau * 500 * n / 16_000)) for n in range(1600))))
            )
        stream.finish()
        assert self.near((await stream.result()).duration, 500, 40)
        await asyncio.sleep(0.1)
        assert self.near(presence(far.heard(), 500), 500)

    @scenario
    async def test_a_stream_waits_for_the_prompt_before_it(self, bench: Bench) -> None:
        session, far = await bench.line()
        prompt = session.start_play(Tone(frequencies=(900.0,), on=200))
        stream = session.inject()
        stream.feed(tone(500, 200))
        await prompt.result()
        assert not stream.ended
        await asyncio.sleep(0.3)
        assert not stream.ended
        await stream.stop()
        assert self.near(presence(far.heard(), 900), 200)
        assert self.near(presence(far.heard(), 500), 200)

    @scenario
    async def test_a_stream_that_is_fed_too_much_fails(self, bench: Bench) -> None:
        session, _ = await bench.line()
        stream = session.inject(backlog=500)
        stream.feed(bytes(2 * 8 * 1000))
        assert await failure(stream.result())
