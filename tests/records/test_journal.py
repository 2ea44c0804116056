import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError

from offhook.calls.events import Heard
from offhook.records.journal import Journal, NotDurable
from offhook.records.settings import RecordsSettings
from tests.support.databases import CHILD, NOW
from tests.support.facts import answered, call, created, ended
from tests.support.virtual_loop import run

SETTINGS = RecordsSettings(commit_interval=0.02, linger=0.1, backlog=1000, settle=5.0)


class Tape:
    """Stands in for the database and a writer: remembers what was committed; fails on demand."""

    def __init__(self):
        self.commits, self.writing, self.outages, self.refused, self.slow = [], [], 0, (), 0.0
        self.waiting = False

    @asynccontextmanager
    async def batch(self):
        await asyncio.sleep(self.slow)
        if self.outages:
            self.outages -= 1
            raise OperationalError("insert", {}, Exception("away"))
        yield "connection"

    async def write(self, connection, events):
        assert connection == "connection"
        self.writing = list(events)
        if any(event in self.refused for event in events):
            raise ValueError("what is this?")

    def committed(self):
        self.commits.append(self.writing)
        self.waiting = False

    def rolled_back(self):
        self.writing = []

    @property
    def written(self):
        return [event for commit in self.commits for event in commit]


@asynccontextmanager
async def journal(tape, settings=SETTINGS, **more):
    found = Journal(tape, [tape], settings, monotonic=asyncio.get_running_loop().time, **more)
    task = asyncio.get_running_loop().create_task(found.run())
    try:
        yield found
    finally:
        task.cancel()
        await asyncio.wait([task])


def test_what_is_settled_is_committed_and_in_order():
    async def scene():
        tape = Tape()
        async with journal(tape) as log:
            events = [created(call(1)), answered(call(1)), ended(call(1))]
            for event in events:
                log.publish(event)
            await log.settled()
            assert tape.written == events
            await log.settled()  # nothing new: at once

    run(scene())


def test_two_hundred_calls_a_second_need_far_fewer_commits():
    async def scene():
        tape = Tape()
        async with journal(tape) as log:

            async def one(number):
                await asyncio.sleep(number / 200)
                log.publish(created(call(number)))
                await log.settled()
                log.publish(ended(call(number)))

            async with asyncio.TaskGroup() as group:
                for number in range(200):
                    group.create_task(one(number))
            assert len(tape.commits) <= 55

    run(scene())


def test_a_lone_caller_does_not_wait_for_company():
    async def scene():
        loop = asyncio.get_running_loop()
        async with journal(Tape()) as log:
            log.publish(created(call()))
            started = loop.time()
            await log.settled()
            assert loop.time() - started < 0.001

    run(scene())


def test_news_that_nobody_waits_for_lingers_a_little():
    async def scene():
        tape = Tape()
        async with journal(tape) as log:
            log.publish(created(call()))
            await asyncio.sleep(0.09)
            assert tape.commits == []
            await asyncio.sleep(0.02)
            assert len(tape.commits) == 1

    run(scene())


def test_while_the_database_is_away_calls_go_on_and_nothing_is_lost():
    async def scene():
        tape = Tape()
        tape.outages = 4
        async with journal(tape) as log:
            events = [created(call(number)) for number in range(10)]
            for event in events:
                log.publish(event)
                await asyncio.sleep(0.05)
            await log.settled()
            assert tape.written == events

    run(scene())


def test_an_acknowledgement_is_refused_when_the_database_stays_away():
    async def scene():
        tape = Tape()
        tape.outages = 10_000
        async with journal(tape, replace(SETTINGS, write=1.0)) as log:
            log.publish(created(call()))
            with pytest.raises(NotDurable, match="database does not answer"):
                await log.settled()

    run(scene())


def test_an_event_that_the_database_refuses_costs_no_other_event():
    async def scene():
        tape = Tape()
        events = [created(call(number)) for number in range(20)]
        tape.refused = (events[7], events[13])
        async with journal(tape) as log:
            for event in events:
                log.publish(event)
            await log.settled()
            assert tape.written == [event for event in events if event not in tape.refused]
            assert log.dropped == 2

    run(scene())


def test_memory_is_bounded_and_the_newest_state_survives():
    async def scene():
        tape = Tape()
        tape.outages = 1
        async with journal(tape, replace(SETTINGS, backlog=1000)) as log:
            log.publish(created(call(0)))
            await asyncio.sleep(0.11)
            for number in range(1, 3001):
                log.publish(created(call(number)))
            await log.settled()
            assert log.dropped == 2000
            assert tape.written[0].call.sid == call(0).sid
            assert tape.written[-1].call.sid == call(3000).sid
            assert len(tape.written) == 1001

    run(scene())


def test_what_is_published_before_the_shutdown_is_written_even_in_the_middle_of_a_commit():
    async def scene():
        tape = Tape()
        tape.slow = 0.5
        async with journal(tape) as log:
            log.publish(created(call(1)))
            await asyncio.sleep(0.3)
            log.publish(ended(call(1)))
        assert tape.written == [created(call(1)), ended(call(1))]

    run(scene())


def test_listeners_hear_everything_at_once_and_the_transcript_is_not_stored():
    async def scene():
        tape, heard = Tape(), []
        line = Heard(call_sid=call().sid, account_sid=CHILD, what="say", text="hello", at=NOW)
        async with journal(tape, listeners=[heard.append]) as log:
            log.publish(created(call()))
            log.publish(line)
            assert heard == [created(call()), line]
            await log.settled()
            assert tape.written == [created(call())]

    run(scene())


def test_a_writer_with_something_of_its_own_gets_a_transaction_when_it_pokes():
    async def scene():
        tape = Tape()
        async with journal(tape) as log:
            tape.waiting = True
            log.poke()
            await asyncio.sleep(0.2)
            assert tape.commits == [[]]
            log.poke()
            await asyncio.sleep(0.2)
            assert tape.commits == [[]]

    run(scene())
