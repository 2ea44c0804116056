from __future__ import annotations

import asyncio

import pytest

from offhook.media.commands import CloseSession, Silence
from offhook.media.events import (
    DigitReceived,
    Finished,
    Played,
    Statistics,
)
from offhook.media.session import MediaClosed, MediaFailed, Sessions
from tests.media.mute_engine import MuteEngine, opened
from tests.support.virtual_loop import run, settle


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
