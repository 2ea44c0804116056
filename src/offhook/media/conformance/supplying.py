"""Sounds whose bytes come while they are played, louder and softer, from the middle."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import AsyncGenerator, AsyncIterator

from offhook.media.commands import Pcm, Tone
from offhook.media.conformance.bench import PER_MS, Bench, Suite, failure, level, presence, scenario, tone
from offhook.media.conformance.playing import SOUNDS
from offhook.media.room import Room
from offhook.media.wav import pcm_samples, wav_bytes


async def dribble(data: bytes, size: int = 1000, pause: float = 0.0) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]
        await asyncio.sleep(pause)


async def endless(head: bytes, sample: bytes) -> AsyncGenerator[bytes, None]:
    yield head
    while True:
        yield sample
        await asyncio.sleep(0)


class Supplying(Suite):
    @scenario
    async def test_a_sound_is_heard_while_it_comes_and_others_follow_without_a_gap(self, bench: Bench) -> None:
        session, far = await bench.line()
        supplied = session.supplied(name="a.mp3", stated="audio/mpeg")
        playing = session.start_play(Pcm(data=tone(500, 200)), supplied, Tone(frequencies=(1300.0,), on=200))
        await playing.supply(supplied.stream, dribble((SOUNDS / "stereo.mp3").read_bytes()))
        played = await playing.result()
        await asyncio.sleep(0.1)
        heard = far.heard()
        assert self.near(played.duration, 1400, 80)
        assert [self.near(presence(heard, hertz), most) for hertz, most in ((500, 200), (700, 1000), (1300, 200))] == [
            True,
            True,
            True,
        ]
        sounding = [abs(sample) > 300 for sample in heard]
        first, last = sounding.index(True), len(sounding) - sounding[::-1].index(True)
        assert self.near((last - first) / PER_MS, 1400, 120)

    @scenario
    async def test_a_stream_without_end_is_taken_no_faster_than_it_is_heard_and_stops(self, bench: Bench) -> None:
        session, far = await bench.line()
        supplied = session.supplied(name="radio")
        playing = session.start_play(supplied)
        head = wav_bytes(array("h"))[:-4] + b"\xff\xff\xff\xff"
        pieces = endless(head, tone(600, 1000))
        async with asyncio.TaskGroup() as group:
            group.create_task(playing.supply(supplied.stream, pieces))
            await asyncio.sleep(0.6)
            played = await playing.stop()
        await pieces.aclose()
        assert self.near(played.duration, 600, 150)
        assert presence(far.heard(), 600) >= 300

    @scenario
    async def test_what_comes_late_is_heard_late(self, bench: Bench) -> None:
        session, far = await bench.line()
        supplied = session.supplied(name="slow")
        playing = session.start_play(supplied)
        sound = wav_bytes(pcm_samples(tone(600, 400)))
        async with asyncio.TaskGroup() as group:
            group.create_task(playing.supply(supplied.stream, dribble(sound, 3244, 0.4)))
            played = await playing.result()
        assert self.near(played.duration, 400, 60) or self.near(played.duration, 600, 200)
        await asyncio.sleep(0.1)
        assert self.near(presence(far.heard(), 600), 400, 80)

    @scenario
    async def test_what_is_no_sound_fails_by_its_name(self, bench: Bench) -> None:
        session, _ = await bench.line()
        supplied = session.supplied(name="http://a.example/x", stated="audio/mpeg")
        playing = session.start_play(supplied)
        await playing.supply(supplied.stream, dribble(b"<html>" + bytes(2000)))
        reason = await failure(playing.result())
        assert reason.startswith("cannot play http://a.example/x: it is a web page or XML")

    @scenario
    async def test_what_is_supplied_cannot_be_repeated(self, bench: Bench) -> None:
        session, _ = await bench.line()
        assert "cannot be repeated" in await failure(session.play(session.supplied(), loop=2))

    @scenario
    async def test_a_room_hears_nothing_that_is_still_to_come(self, bench: Bench) -> None:
        session, _ = await bench.line()
        room = Room(bench.sessions)
        joined = room.join(session)
        assert "as it comes" in await failure(room.announce(session.supplied()).result())
        await joined.stop()

    @scenario
    async def test_a_prompt_is_as_loud_as_asked_and_can_be_turned(self, bench: Bench) -> None:
        session, far = await bench.line()
        playing = session.start_play(Pcm(data=tone(600, 800)), gain=-12)
        await asyncio.sleep(0.4)
        playing.set_gain(6)
        await playing.result()
        await asyncio.sleep(0.1)
        heard = far.heard()
        begun = next(index for index, sample in enumerate(heard) if abs(sample) > 100)
        early = heard[begun + 80 * PER_MS : begun + 280 * PER_MS]
        late = heard[begun + 560 * PER_MS : begun + 760 * PER_MS]
        assert abs(level(early, 600) - -24) < 1
        assert abs(level(late, 600) - -6) < 1

    @scenario
    async def test_a_gain_out_of_range_is_refused(self, bench: Bench) -> None:
        session, _ = await bench.line()
        assert "-60..20" in await failure(session.start_play(Tone(frequencies=(600.0,), on=20), gain=90).result())

    @scenario
    async def test_the_beginning_is_passed_over_once(self, bench: Bench) -> None:
        session, far = await bench.line()
        sources = (Pcm(data=tone(500, 200)), Tone(frequencies=(900.0,), on=300))
        played = await session.start_play(*sources, loop=2, offset=300).result()
        await asyncio.sleep(0.1)
        assert self.near(played.duration, 700, 40)
        assert self.near(presence(far.heard(), 500), 200)
        assert self.near(presence(far.heard(), 900), 500)
