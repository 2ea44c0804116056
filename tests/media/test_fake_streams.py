"""What the conformance suite does not ask: a stream of the twin that is fed too late."""

from __future__ import annotations

import asyncio

from offhook.media.commands import Codec
from offhook.media.conformance.bench import presence, tone
from offhook.media.fake import FakeEngine
from offhook.media.session import Sessions
from tests.support.virtual_loop import run


def test_between_two_feedings_nothing_is_heard():
    async def main():
        engine = FakeEngine()
        sessions = Sessions(engine)
        session = sessions.create()
        await session.open("127.0.0.1")
        await session.connect(remote=("127.0.0.1", 40_000), codec=Codec.PCMU, payload_type=0)
        stream = session.inject()
        stream.feed(tone(600, 100))
        await asyncio.sleep(0.3)
        stream.feed(tone(600, 100))
        stream.finish()
        assert (await stream.result()).duration == 200
        heard = engine.sound(session.id)[-3200:]
        assert [presence(heard[start : start + 800], 600) for start in (0, 800, 1600, 2400)] == [100, 0, 0, 100]
        await sessions.close()
        assert engine.idle

    run(main())
