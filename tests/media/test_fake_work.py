"""What the conformance suite does not ask: the twin's own promises about long and odd work."""

from __future__ import annotations

import asyncio

from offhook.media.commands import Codec, Silence, Tone
from offhook.media.fake import FakeEngine
from offhook.media.session import Sessions
from tests.support.virtual_loop import run


def with_line(body):
    """Run ``body(engine, session)`` in virtual time on a line that is connected."""

    async def main():
        engine = FakeEngine()
        sessions = Sessions(engine)
        session = sessions.create()
        await session.open("127.0.0.1")
        await session.connect(remote=("127.0.0.1", 40_000), codec=Codec.PCMU, payload_type=0, dtmf_payload_type=101)
        await body(engine, session)
        await sessions.close()
        assert engine.idle

    run(main())


def test_a_loop_without_end_is_heard_piece_by_piece():
    async def body(engine, session):
        music = session.start_play(Tone(frequencies=(600.0,), on=400), Silence(duration=100), loop=0)
        await asyncio.sleep(1.2)
        assert (await music.stop()).duration == 1200
        assert [heard.duration for heard in engine.heard(session.id)] == [400, 100, 400, 100, 200]

    with_line(body)


def test_stopping_what_waits_does_not_start_it():
    async def body(engine, session):
        first = session.start_play(Tone(frequencies=(600.0,), on=400))
        second = session.start_play(Tone(frequencies=(900.0,), on=400))
        await session.close()
        assert (await second.result()).duration == 0
        assert (await first.result()).duration == 0
        assert [heard.source.frequencies for heard in engine.heard(session.id)] == [(600.0,)]

    with_line(body)


def test_a_stream_that_pauses_is_silent_in_between_and_counts_only_sound():
    async def body(engine, session):
        stream = session.inject()
        stream.feed(bytes(3200))
        await asyncio.sleep(1)
        stream.feed(bytes(3200))
        stream.finish()
        assert (await stream.result()).duration == 400
        at = [heard.at for heard in engine.heard(session.id)]
        assert at[1] - at[0] == 1000

    with_line(body)
