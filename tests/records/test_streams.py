import asyncio

from offhook.calls.events import Heard
from offhook.records.streams import EventStreams
from tests.support.databases import CHILD, NOW
from tests.support.facts import call, created, ended


def line(text, number=1):
    return Heard(call_sid=call(number).sid, account_sid=CHILD, what="say", text=text, at=NOW)


async def collect(watch):
    return [event async for event in watch]


def test_a_watcher_who_comes_late_hears_what_was_said_before_and_the_end():
    async def scene():
        streams = EventStreams()
        streams.publish(created(call()))
        streams.publish(line("welcome"))
        streams.publish(line("other call", 2))
        with streams.watch(call().sid) as watch:
            assert streams.live(call().sid)
            streams.publish(line("goodbye"))
            streams.publish(ended(call()))
            async with asyncio.timeout(1):
                assert await collect(watch) == [created(call()), line("welcome"), line("goodbye"), ended(call())]
        assert streams.empty

    asyncio.run(scene())


def test_a_slow_watcher_loses_the_oldest_and_is_told_how_many():
    async def scene():
        streams = EventStreams()
        streams.publish(created(call()))
        with streams.watch(call().sid) as watch:
            for number in range(600):
                streams.publish(line(str(number)))
            streams.publish(ended(call()))
            seen = await collect(watch)
        assert len(seen) == 500
        assert watch.dropped == 102
        assert seen[-1] == ended(call())

    asyncio.run(scene())


def test_after_many_calls_nothing_is_remembered():
    streams = EventStreams()
    for number in range(100):
        streams.publish(created(call(number)))
        for _ in range(300):
            streams.publish(line("x", number))
        streams.publish(ended(call(number)))
    assert streams.empty
