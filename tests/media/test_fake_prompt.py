"""The twin's prompts: sounds that come while they are heard, changes of volume, beginnings that are passed over."""

from __future__ import annotations

import asyncio
from array import array

from offhook.media.commands import Codec, Pcm, Tone
from offhook.media.conformance.bench import level, tone
from offhook.media.fake import FakeEngine
from offhook.media.session import Sessions
from offhook.media.wav import wav_bytes
from tests.support.virtual_loop import run


async def connected():
    engine = FakeEngine()
    session = Sessions(engine).create()
    await session.open("127.0.0.1")
    await session.connect(remote=("127.0.0.1", 9), codec=Codec.PCMU, payload_type=0)
    return engine, session


def test_what_comes_in_pieces_is_heard_in_pieces():
    async def main():
        engine, session = await connected()
        supplied = session.supplied()
        playing = session.start_play(supplied)
        data = wav_bytes(array("h", [1000] * 8000))

        async def pieces():
            yield data[:8044]
            await asyncio.sleep(2)
            yield data[8044:]

        await playing.supply(supplied.stream, pieces())
        assert (await playing.result()).duration == 2500
        assert [heard.duration for heard in engine.heard(session.id)] == [500, 500]
        await session.close()

    run(main())


def test_a_change_of_volume_and_an_offset_are_heard():
    async def main():
        engine, session = await connected()
        playing = session.start_play(Pcm(data=tone(600, 1000)), Tone(frequencies=(900.0,), on=300), offset=400)
        await asyncio.sleep(0.3)
        playing.set_gain(-20)
        assert (await playing.result()).duration == 900
        sound = engine.sound(session.id)
        begun = next(index for index, sample in enumerate(sound) if sample)
        parts = [sound[begun + at * 8 : begun + (at + 200) * 8] for at in (50, 350, 650)]
        levels = [level(part, hertz) for part, hertz in zip(parts, (600, 600, 900), strict=True)]
        assert [round(one) for one in levels] == [-12, -32, -32]
        await session.close()

    run(main())
