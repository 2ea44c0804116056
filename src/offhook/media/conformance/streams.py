"""Taps and injected audio, for speech and media streams."""

from __future__ import annotations

import asyncio
import math
from array import array

from offhook.media.commands import Tone
from offhook.media.conformance.bench import Bench, FarEnd, Suite, failure, presence, scenario, silence, tone
from offhook.media.events import MarkReached
from offhook.media.recording import Track
from offhook.media.session import MediaSession
from offhook.media.wav import pcm_bytes, pcm_samples, resampled


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

    @scenario
    async def test_a_tap_of_both_tracks_keeps_them_apart_at_every_rate(self, bench: Bench) -> None:
        session, far = await bench.line()
        for rate in (8000, 16_000, 24_000):
            playing = session.start_play(Tone(frequencies=(900.0,), on=400))
            heard = await _tapped(session, far, rate, Track.BOTH)
            await playing.result()
            assert self.near(presence(heard[Track.INBOUND], 600), 300, 140), rate
            assert self.near(presence(heard[Track.OUTBOUND], 900), 400, 140), rate
            assert presence(heard[Track.INBOUND], 900) == presence(heard[Track.OUTBOUND], 600) == 0

    @scenario
    async def test_a_tap_hears_what_passes_through_a_bridge(self, bench: Bench) -> None:
        (session, _), (other, its_far) = await bench.line(), await bench.line()
        bridge = session.start_bridge(other)
        heard = await _tapped(session, its_far, 8000, Track.OUTBOUND)
        await bridge.stop()
        assert self.near(presence(heard[Track.OUTBOUND], 600), 300, 140)

    @scenario
    async def test_marks_are_told_in_order_when_what_was_before_them_has_been_heard(self, bench: Bench) -> None:
        session, _ = await bench.line()
        stream, marks = session.inject(), asyncio.Queue[MarkReached]()
        stream.on_mark = marks.put_nowait
        loop = asyncio.get_running_loop()
        began = loop.time()
        stream.mark("start")
        stream.feed(tone(500, 205))
        stream.mark("middle")
        stream.feed(tone(500, 200))
        stream.mark("end")
        times = {}
        for _ in range(3):
            mark = await marks.get()
            assert not mark.cleared
            times[mark.name] = 1000 * (loop.time() - began)
        assert list(times) == ["start", "middle", "end"]
        assert self.near(times["middle"], 205, 40 + self.tolerance)
        assert self.near(times["end"], 405, 40 + self.tolerance)
        assert not stream.ended
        await stream.stop()

    @scenario
    async def test_clearing_a_stream_silences_it_and_returns_its_marks(self, bench: Bench) -> None:
        session, far = await bench.line()
        stream, marks = session.inject(), asyncio.Queue[MarkReached]()
        stream.on_mark = marks.put_nowait
        stream.feed(tone(500, 2000))
        stream.mark("never")
        await asyncio.sleep(0.3)
        stream.clear()
        cleared = await marks.get()
        assert (cleared.name, cleared.cleared) == ("never", True)
        stream.feed(tone(900, 200))
        stream.mark("then")
        reached = await marks.get()
        assert (reached.name, reached.cleared) == ("then", False)
        stream.finish()
        assert self.near((await stream.result()).duration, 500, 40 + self.tolerance)
        await asyncio.sleep(0.1)
        assert self.near(presence(far.heard(), 500), 300)
        assert self.near(presence(far.heard(), 900), 200)


async def _tapped(session: MediaSession, far: FarEnd, rate: int, track: Track) -> dict[Track, array[int]]:
    """What a tap hands out at ``rate`` while the far end says 300 ms of 600 Hz, at 8 kHz again."""
    heard: dict[Track, array[int]] = {Track.INBOUND: array("h"), Track.OUTBOUND: array("h")}
    async with session.tap(track=track, rate=rate, chunk=20) as chunks, asyncio.TaskGroup() as group:
        speaking = group.create_task(far.say(silence(100) + tone(600, 300) + silence(300)))
        async for chunk in chunks:
            assert len(chunk.data) == rate // 25
            heard[chunk.track].extend(resampled(pcm_samples(chunk.data), rate, 8000))
            if speaking.done():
                break
    return heard
