from __future__ import annotations

import asyncio
import tempfile
import time

import pytest

from offhook.media.commands import Codec, Direction, OpenSession, Silence, Tone
from offhook.media.conformance import Bench, MediaConformance
from offhook.media.fake import FakeEngine
from offhook.media.fake_line import Relayed
from offhook.media.session import MediaFailed, MediaSession, Sessions
from tests.support.virtual_loop import run, settle


class TwinFarEnd:
    """A far end that the twin plays itself."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine
        self._session: MediaSession | None = None
        self._since = 0

    async def connect(
        self, session, *, keys=True, inband=False, direction=Direction.SENDRECV, security=None, codec=Codec.PCMU
    ):
        await session.open("127.0.0.1")
        await session.connect(
            remote=("127.0.0.1", 40_000),
            codec=codec,
            payload_type=0,
            dtmf_payload_type=101 if keys else None,
            inband_dtmf=inband,
            direction=direction,
            security=security,
        )
        self._session, self._since = session, self._engine.now()

    async def say(self, sound):
        self._engine.speak(self._session.id, sound)
        await asyncio.sleep(len(sound) / 16_000)

    async def press(self, keys, *, lossy=False):
        for key in keys:
            self._engine.press(self._session.id, key)
            await asyncio.sleep(0.15)

    def heard(self):
        return self._engine.sound(self._session.id, self._since)

    @property
    def keys(self):
        return "".join(self._engine.line(self._session.id).keys)


@pytest.fixture(autouse=True)
def directory(request, tmp_path):
    if request.instance is not None:
        request.instance.directory = tmp_path


class TestFakeEngine(MediaConformance):
    tolerance = 1

    def run(self, main):
        async def bench():
            engine = FakeEngine()
            sessions = Sessions(engine)
            await main(
                Bench(
                    engine=engine,
                    sessions=sessions,
                    far_end=lambda: TwinFarEnd(engine),
                    directory=self.directory,
                )
            )
            await sessions.close()
            await settle()
            assert sessions.idle
            assert engine.idle

        run(bench())


async def connected(sessions):
    session = sessions.create()
    await session.open("127.0.0.1")
    await session.connect(remote=("127.0.0.1", 40_000), codec=Codec.PCMU, payload_type=0, dtmf_payload_type=101)
    return session


def test_the_twin_remembers_what_was_heard_and_when():
    async def main():
        engine = FakeEngine()
        sessions = Sessions(engine)
        session = await connected(sessions)
        start = engine.now()
        hello, wait = Tone(frequencies=(600.0,), on=30_000), Silence(duration=1_500)
        playing = session.start_play(hello, wait, stop_on="5")
        await asyncio.sleep(30.5)
        engine.press(session.id, "5")
        assert (await playing.result()).stopped_by == "5"
        assert [(heard.source, heard.at - start, heard.duration) for heard in engine.heard(session.id)] == [
            (hello, 0, 30_000),
            (wait, 30_000, 500),
        ]
        await session.close()

    run(main())


def test_a_bridge_is_heard_as_the_voice_of_the_other():
    async def main():
        engine = FakeEngine()
        sessions = Sessions(engine)
        a, b = await connected(sessions), await connected(sessions)
        bridge = a.start_bridge(b)
        await asyncio.sleep(1)
        await bridge.stop()
        assert [(heard.source, heard.duration) for heard in engine.heard(a.id)] == [(Relayed(session=b.id), 1000)]
        await sessions.close()

    run(main())


def test_a_refusal_that_a_test_asks_for_comes_once():
    async def main():
        engine = FakeEngine()
        sessions = Sessions(engine)
        engine.refuse_next(OpenSession, "no port is free")
        with pytest.raises(MediaFailed, match="no port is free"):
            await sessions.create().open("127.0.0.1")
        assert sessions.idle
        await (await connected(sessions)).close()

    run(main())


def test_pressing_a_key_on_a_line_without_events_is_the_tests_mistake():
    async def main():
        engine = FakeEngine()
        session = Sessions(engine).create()
        await session.open("127.0.0.1")
        with pytest.raises(ValueError, match="not connected"):
            engine.press(session.id, "1")
        await session.close()

    run(main())


def test_lost_rtp_reaches_the_session():
    async def main():
        engine = FakeEngine()
        session = await connected(Sessions(engine))
        silent = []
        session.on_lost = silent.append
        engine.lose_rtp(session.id, 60_000)
        await settle()
        assert silent == ["no audio came from the far end for 60 s"]
        await session.close()

    run(main())


def test_an_hour_of_recording_is_quick():
    async def main():
        with tempfile.TemporaryDirectory() as folder:
            engine = FakeEngine()
            session = await connected(Sessions(engine))
            recorded = await session.start_record(f"{folder}/a.wav", max_length=3_600_000).result()
            assert recorded.duration == 3_600_000
            await session.close()

    started = time.monotonic()
    run(main(), timeout=7_200)
    assert time.monotonic() - started < 5
