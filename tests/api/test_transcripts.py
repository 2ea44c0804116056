from __future__ import annotations

import asyncio

from offhook.api.transcripts import Line, Missed, Silence, Transcripts
from offhook.calls.events import CallCreated, CallEnded, CallFacts, Heard
from offhook.vocabulary.clock import FrozenClock
from offhook.vocabulary.sids import AccountSid, CallSid
from offhook.vocabulary.statuses import Direction
from tests.support.databases import NOW
from tests.support.virtual_loop import run

ACCOUNT = AccountSid("AC" + "0" * 32)


def sid(number: int) -> CallSid:
    return CallSid(f"CA{number:032x}")


def facts(number: int = 1) -> CallFacts:
    return CallFacts(
        sid=sid(number), account_sid=ACCOUNT, direction=Direction.INBOUND, from_="1", to="2", created_at=NOW
    )


def created(number: int = 1) -> CallCreated:
    return CallCreated(call=facts(number), at=NOW)


def ended(number: int = 1) -> CallEnded:
    return CallEnded(call=facts(number), at=NOW)


def heard(text: str, number: int = 1) -> Heard:
    return Heard(call_sid=sid(number), account_sid=ACCOUNT, what="say", text=text, at=NOW)


def make(**changes: float) -> tuple[Transcripts, FrozenClock]:
    clock = FrozenClock()
    limits: dict[str, float] = {"backlog": 4, "calls": 3, "linger": 30.0, **changes}
    return Transcripts(clock=clock, **limits), clock  # type: ignore[arg-type]


async def all_of(transcripts: Transcripts, number: int = 1, start: int = 0) -> list[object]:
    return [each async for each in transcripts.follow(sid(number), start=start, patience=60)]


def test_a_late_follower_hears_what_was_and_then_what_is_until_the_call_ends() -> None:
    async def script() -> None:
        transcripts, _ = make()
        transcripts.hear(created())
        transcripts.hear(heard("Hello"))
        async with asyncio.TaskGroup() as tasks:
            both = [tasks.create_task(all_of(transcripts)) for _ in range(2)]
            await asyncio.sleep(1)
            assert transcripts.followers == 2
            transcripts.hear(heard("other call", 2))
            transcripts.hear(heard("Bye"))
            transcripts.hear(ended())
        expected = [created(), heard("Hello"), heard("Bye"), ended()]
        for task in both:
            assert task.result() == [Line(number=place, event=event) for place, event in enumerate(expected)]
        assert transcripts.followers == 0

    run(script())


def test_a_follower_is_told_how_much_was_dropped_before_it_came() -> None:
    async def script() -> None:
        transcripts, _ = make(backlog=2)
        for event in (created(), heard("a"), heard("b"), ended()):
            transcripts.hear(event)
        assert await all_of(transcripts) == [
            Missed(count=2),
            Line(number=2, event=heard("b")),
            Line(number=3, event=ended()),
        ]
        assert await all_of(transcripts, start=3) == [Line(number=3, event=ended())]

    run(script())


def test_silence_is_told_so_that_the_connection_stays_open() -> None:
    async def script() -> None:
        transcripts, _ = make()
        transcripts.hear(created())
        follow = transcripts.follow(sid(1), patience=15)
        assert isinstance(await anext(follow), Line)
        assert isinstance(await anext(follow), Silence)
        await follow.aclose()
        assert transcripts.followers == 0

    run(script())


def test_events_of_ended_calls_are_kept_for_a_while_only() -> None:
    async def script() -> None:
        transcripts, clock = make()
        for event in (created(1), ended(1)):
            transcripts.hear(event)
        clock.advance(29)
        for event in (created(2), ended(2)):
            transcripts.hear(event)
        assert len(await all_of(transcripts, 1)) == 2
        clock.advance(1)
        for event in (created(3), ended(3)):
            transcripts.hear(event)
        assert await all_of(transcripts, 1) == []
        assert len(await all_of(transcripts, 2)) == 2

    run(script())


def test_the_oldest_call_gives_way_when_there_are_too_many_and_its_followers_end() -> None:
    async def script() -> None:
        transcripts, _ = make(calls=1)
        transcripts.hear(created(1))
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(all_of(transcripts, 1))
            await asyncio.sleep(1)
            transcripts.hear(created(2))
        assert task.result() == [Line(number=0, event=created(1))]

    run(script())


def test_closing_ends_all_followers() -> None:
    async def script() -> None:
        transcripts, _ = make()
        transcripts.hear(created())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(all_of(transcripts))
            await asyncio.sleep(1)
            transcripts.close()
        assert transcripts.followers == 0

    run(script())
