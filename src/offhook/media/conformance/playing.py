"""Prompts: how long they last, what stops them, what follows them."""

from __future__ import annotations

import asyncio
import math
from array import array
from pathlib import Path

from offhook.media.commands import (
    AudioData,
    AudioFile,
    Direction,
    Pcm,
    Silence,
    Tone,
)
from offhook.media.conformance.bench import PER_MS, Bench, Suite, failure, presence, scenario, tone
from offhook.media.wav import RATE, pcm_bytes, pcm_samples, wav_bytes

SOUNDS = Path(__file__).parents[4] / "native" / "decode" / "tests" / "sounds"
"""Files of all kinds: 700 Hz for a second each."""


class Playing(Suite):
    @scenario
    async def test_a_prompt_lasts_as_long_as_its_audio(self, bench: Bench) -> None:
        session, far = await bench.line()
        loop = asyncio.get_running_loop()
        began = loop.time()
        played = await session.play(AudioData(data=wav_bytes(pcm_samples(tone(600, 300)))))
        assert self.near(played.duration, 300, 20)
        assert self.near(1000 * (loop.time() - began), 300)
        assert played.stopped_by is None
        await asyncio.sleep(0.1)
        assert self.near(presence(far.heard(), 600), 300)

    @scenario
    async def test_files_samples_and_tones_follow_each_other_without_a_gap(self, bench: Bench) -> None:
        session, far = await bench.line()
        path = bench.directory / "prompt.wav"
        path.write_bytes(wav_bytes(pcm_samples(tone(500, 200))))
        played = await session.play(
            AudioFile(path=str(path)),
            Pcm(data=tone(900, 200)),
            Tone(frequencies=(1300.0,), on=200),
            Silence(duration=100),
        )
        await asyncio.sleep(0.1)
        heard = far.heard()
        assert self.near(played.duration, 700, 20)
        assert [self.near(presence(heard, hertz), 200) for hertz in (500, 900, 1300)] == [True, True, True]
        sounding = [abs(sample) > 300 for sample in heard]
        first, last = sounding.index(True), len(sounding) - sounding[::-1].index(True)
        assert self.near((last - first) / PER_MS, 600)

    @scenario
    async def test_other_rates_and_codes_are_understood(self, bench: Bench) -> None:
        session, far = await bench.line()
        wide = Pcm(
            data=pcm_bytes(array("h", (round(6000 * math.sin(math.tau * 700 * n / 16_000)) for n in range(3200)))),
            rate=16_000,
        )
        ulaw = _g711_wav(7, [0x80, 0x80, 0x80, 0x80, 0x00, 0x00, 0x00, 0x00] * 200)
        played = await session.play(wide, AudioData(data=ulaw))
        await asyncio.sleep(0.1)
        assert self.near(played.duration, 400, 20)
        assert self.near(presence(far.heard(), 700), 200)
        assert self.near(presence(far.heard(), 1000), 200)

    @scenario
    async def test_sounds_of_every_kind_are_understood(self, bench: Bench) -> None:
        session, far = await bench.line()
        names = ("stereo.mp3", "voice.opus", "voice.ogg", "voice.flac", "ima.wav")
        sounds = [AudioData(data=(SOUNDS / name).read_bytes()) for name in names]
        played = await session.play(*sounds)
        await asyncio.sleep(0.1)
        assert self.near(played.duration, 5000, 150)
        assert self.near(presence(far.heard(), 700), 5000, 200)

    @scenario
    async def test_a_prompt_is_repeated_as_often_as_asked(self, bench: Bench) -> None:
        session, far = await bench.line()
        played = await session.play(Tone(frequencies=(600.0,), on=80, off=80), loop=3)
        await asyncio.sleep(0.1)
        assert self.near(played.duration, 480, 20)
        assert self.near(presence(far.heard(), 600), 240)

    @scenario
    async def test_a_prompt_of_nothing_ends_at_once(self, bench: Bench) -> None:
        session, _ = await bench.line()
        assert (await session.play(Silence(duration=0))).duration == 0
        assert (await session.play(Silence(duration=0), loop=0)).duration == 0

    @scenario
    async def test_a_tone_without_end_goes_on_until_stopped(self, bench: Bench) -> None:
        session, far = await bench.line()
        ringing = session.start_play(Tone(frequencies=(440.0,), on=100, off=100, repeat=0))
        await asyncio.sleep(0.5)
        assert not ringing.ended
        played = await ringing.stop()
        assert ringing.interrupted
        assert self.near(played.duration, 500)
        await asyncio.sleep(0.1)
        before = presence(far.heard(), 440)
        await asyncio.sleep(0.3)
        assert presence(far.heard(), 440) == before

    @scenario
    async def test_a_key_stops_the_prompt_and_is_reported(self, bench: Bench) -> None:
        session, far = await bench.line()
        pressed: list[str] = []
        session.on_digit = pressed.append
        playing = session.start_play(Tone(frequencies=(600.0,), on=5000), stop_on="5#")
        await asyncio.sleep(0.1)
        await far.press("1")
        assert not playing.ended
        await far.press("5")
        played = await playing.result()
        assert played.stopped_by == "5"
        assert played.duration < 1000
        assert not playing.interrupted
        assert pressed == ["1", "5"]

    @scenario
    async def test_cancelling_the_task_stops_the_prompt_at_once(self, bench: Bench) -> None:
        session, far = await bench.line()
        try:
            async with asyncio.timeout(0.2):
                await session.play(Tone(frequencies=(600.0,), on=5000))
            raise AssertionError("it played five seconds in 200 ms")
        except TimeoutError:
            pass
        await asyncio.sleep(0.1)
        assert self.near(presence(far.heard(), 600), 200)

    @scenario
    async def test_a_second_prompt_waits_for_the_first(self, bench: Bench) -> None:
        session, far = await bench.line()
        first = session.start_play(Tone(frequencies=(500.0,), on=200))
        second = session.start_play(Tone(frequencies=(900.0,), on=200))
        third = session.start_play(Tone(frequencies=(1300.0,), on=200))
        skipped = await second.stop()
        assert skipped.duration == 0
        await first.result()
        assert not third.ended
        assert self.near((await third.result()).duration, 200, 20)
        await asyncio.sleep(0.1)
        heard = far.heard()
        assert presence(heard, 900) == 0
        assert self.near(presence(heard, 500), 200)
        assert self.near(presence(heard, 1300), 200)

    @scenario
    async def test_what_cannot_be_played_fails_with_a_reason(self, bench: Bench) -> None:
        session, _ = await bench.line()
        (bench.directory / "text.wav").write_text("this is no audio")
        for source in (
            AudioFile(path=str(bench.directory / "missing.wav")),
            AudioFile(path=str(bench.directory / "text.wav")),
            AudioData(data=b"RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00"),
        ):
            assert await failure(session.play(source))
        assert (await session.play(Tone(frequencies=(600.0,), on=20))).duration == 20

    @scenario
    async def test_nothing_is_sent_where_the_far_end_does_not_listen(self, bench: Bench) -> None:
        session, far = bench.sessions.create(), bench.far_end()
        await far.connect(session, direction=Direction.RECVONLY)
        played = await session.play(Tone(frequencies=(600.0,), on=200))
        assert self.near(played.duration, 200, 20)
        await asyncio.sleep(0.1)
        assert presence(far.heard(), 600) == 0


def _g711_wav(kind: int, codes: list[int]) -> bytes:
    header = bytearray(wav_bytes(array("h")))
    header[20:22] = kind.to_bytes(2, "little")
    header[28:32] = RATE.to_bytes(4, "little")
    header[32:36] = b"\x01\x00\x08\x00"
    header[40:44] = len(codes).to_bytes(4, "little")
    return bytes(header) + bytes(codes)
