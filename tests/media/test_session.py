from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from offhook.media.commands import Cancel, CloseSession, Codec, Command, Play, Record, Silence
from offhook.media.events import (
    AudioChunk,
    Cancelled,
    Closed,
    DigitReceived,
    Done,
    Event,
    Failed,
    Finished,
    Opened,
    Played,
    Recorded,
    RecordEnd,
    Statistics,
)
from offhook.media.session import MediaClosed, MediaFailed, Sessions
from tests.support.virtual_loop import run, settle


class MuteEngine:
    """Opens and connects; answers the rest only when the test says so."""

    def __init__(self) -> None:
        self.sent: list[Command] = []
        self.mute = False
        self.closed = False
        self._listener: Callable[[Sequence[Event]], None] = lambda _: None

    def send(self, command: Command) -> None:
        self.sent.append(command)
        if self.mute:
            return
        match type(command).__name__:
            case "OpenSession":
                self.say(Finished(command=command.id, result=Opened(host="127.0.0.1", port=20_000)))
            case "Connect":
                self.say(Finished(command=command.id, result=Done()))
            case "CloseSession":
                self.say(Finished(command=command.id, result=Closed(statistics=Statistics(packets_sent=7))))

    def say(self, *events: Event) -> None:
        asyncio.get_running_loop().call_soon(self._listener, events)

    def listen(self, listener):
        self._listener = listener

    async def close(self):
        self.closed = True

    def last(self, kind):
        return next(command for command in reversed(self.sent) if isinstance(command, kind))


async def opened(sessions):
    session = sessions.create()
    await session.open("127.0.0.1")
    await session.connect(remote=("127.0.0.1", 40_000), codec=Codec.PCMU, payload_type=0)
    return session


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


def test_an_engine_that_does_not_answer_fails_the_open_and_is_told_to_close():
    async def main():
        engine = MuteEngine()
        engine.mute = True
        sessions = Sessions(engine)
        session = sessions.create()
        with pytest.raises(MediaFailed, match="did not answer within 5 s"):
            await session.open("127.0.0.1")
        assert engine.last(CloseSession).session == session.id
        assert len(sessions) == 1

    run(main())


def test_an_open_that_is_cancelled_leaves_no_socket():
    async def main():
        engine = MuteEngine()
        sessions = Sessions(engine)
        session = sessions.create()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(session.open("127.0.0.1"))
            await asyncio.sleep(0)
            task.cancel()
        await settle()
        assert session.closed
        assert sessions.idle

    run(main())


def test_a_session_that_was_closed_takes_no_more_commands():
    async def main():
        engine = MuteEngine()
        session = await opened(Sessions(engine))
        assert (await session.close()).packets_sent == 7
        sent = len(engine.sent)
        with pytest.raises(MediaClosed):
            await session.play(Silence(duration=1))
        with pytest.raises(MediaClosed):
            session.start_record("/a.wav")
        with pytest.raises(MediaClosed):
            await session.open("127.0.0.1")
        assert (await session.close()).packets_sent == 7
        assert len(engine.sent) == sent

    run(main())


def test_a_session_that_was_never_opened_closes_without_the_engine():
    async def main():
        engine = MuteEngine()
        session = Sessions(engine).create()
        with pytest.raises(MediaFailed, match="not open"):
            await session.play(Silence(duration=1))
        assert await session.close() == Statistics()
        assert engine.sent == []

    run(main())


def test_keys_reach_their_session_in_order_and_before_what_they_end():
    async def main():
        engine = MuteEngine()
        sessions = Sessions(engine)
        a, b = await opened(sessions), await opened(sessions)
        order: list[str] = []
        a.on_digit = order.append
        b.on_digit = lambda digit: order.append(f"b{digit}")
        playing = a.start_play(Silence(duration=1), stop_on="2")

        async def verb():
            played = await playing.result()
            order.append(f"stopped by {played.stopped_by}")

        async with asyncio.TaskGroup() as group:
            group.create_task(verb())
            await settle()
            engine.say(
                DigitReceived(session=a.id, digit="1"),
                DigitReceived(session=b.id, digit="9"),
                DigitReceived(session=a.id, digit="2"),
                Finished(command=playing.id, result=Played(duration=0, stopped_by="2")),
            )
        assert order == ["1", "b9", "2", "stopped by 2"]

    run(main())


def test_a_listener_that_fails_does_not_lose_the_rest_of_the_batch():
    async def main():
        loop = asyncio.get_running_loop()
        complaints = []
        loop.set_exception_handler(lambda _, context: complaints.append(context["exception"]))
        engine = MuteEngine()
        session = await opened(Sessions(engine))
        session.on_digit = lambda digit: 1 / 0
        playing = session.start_play(Silence(duration=1))
        engine.say(
            DigitReceived(session=session.id, digit="1"), Finished(command=playing.id, result=Played(duration=1))
        )
        assert (await playing.result()).duration == 1
        assert isinstance(complaints[0], ZeroDivisionError)

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


def test_closing_all_closes_each_session_and_then_the_engine():
    async def main():
        engine = MuteEngine()
        sessions = Sessions(engine)
        for _ in range(3):
            await opened(sessions)
        await sessions.close()
        assert [type(command) for command in engine.sent].count(CloseSession) == 3
        assert engine.closed
        assert sessions.idle

    run(main())
