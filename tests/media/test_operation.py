from __future__ import annotations

import asyncio

import pytest

from offhook.media.commands import Cancel, Play, Silence
from offhook.media.events import (
    AudioChunk,
    Cancelled,
    Failed,
    Played,
    Recorded,
    RecordEnd,
)
from offhook.media.recording import Record
from offhook.media.session import MediaFailed, Sessions
from tests.media.mute_engine import MuteEngine, opened
from tests.support.virtual_loop import run, settle


def test_a_task_that_is_cancelled_waits_until_the_engine_has_stopped():
    async def main():
        engine = MuteEngine()
        session = await opened(Sessions(engine))
        async with asyncio.TaskGroup() as group:
            task = group.create_task(session.play(Silence(duration=1000)))
            await settle()
            task.cancel()
            await settle()
            assert engine.last(Cancel).target == engine.last(Play).id
            assert not task.done()
            engine.say(Cancelled(command=engine.last(Play).id, result=Played(duration=10)))
            await settle()
            assert task.cancelled()

    run(main())


def test_a_cancelled_task_waits_no_longer_than_a_second_for_a_lost_engine():
    async def main():
        engine = MuteEngine()
        sessions = Sessions(engine)
        session = await opened(sessions)
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await session.play(Silence(duration=60_000))
        assert loop.time() - began == pytest.approx(6)
        assert not sessions.idle

    run(main())


def test_a_command_is_cancelled_only_once():
    async def main():
        engine = MuteEngine()
        session = await opened(Sessions(engine))
        playing = session.start_play(Silence(duration=1000))
        playing.cancel()
        playing.cancel()
        assert [type(command) for command in engine.sent].count(Cancel) == 1
        engine.say(Cancelled(command=playing.id))
        assert await playing.stop() == Played(duration=0)
        assert [type(command) for command in engine.sent].count(Cancel) == 1

    run(main())


def test_what_was_recorded_can_be_read_after_the_verb_was_cancelled():
    async def main():
        engine = MuteEngine()
        session = await opened(Sessions(engine))
        recording = session.start_record("/a.wav")
        partial = Recorded(path="/a.wav", duration=1234, end=RecordEnd.CANCELLED)
        async with asyncio.TaskGroup() as group:
            verb = group.create_task(recording.result())
            await settle()
            verb.cancel()
            await settle()
            engine.say(Cancelled(command=engine.last(Record).id, result=partial))
        assert verb.cancelled()
        assert await recording.result() == partial
        await session.close()
        assert await recording.result() == partial

    run(main())


def test_a_failure_is_raised_with_the_engines_reason():
    async def main():
        engine = MuteEngine()
        sessions = Sessions(engine)
        session = await opened(sessions)
        playing = session.start_play(Silence(duration=1))
        engine.say(Failed(command=playing.id, reason="the file is empty"))
        with pytest.raises(MediaFailed, match="the file is empty"):
            await playing.result()
        await session.close()
        assert sessions.idle

    run(main())


def test_a_slow_reader_of_a_tap_loses_the_oldest_and_is_told_how_many():
    async def main():
        engine = MuteEngine()
        session = await opened(Sessions(engine))
        chunks = session.tap(backlog=2)
        engine.say(*(AudioChunk(command=chunks.id, data=bytes([number])) for number in range(5)))
        await settle()
        engine.say(Cancelled(command=chunks.id))
        received = [chunk async for chunk in chunks]
        assert [(chunk.data, chunk.dropped) for chunk in received] == [(b"\x03", 3), (b"\x04", 0)]

    run(main())
