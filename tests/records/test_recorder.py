import asyncio
from dataclasses import replace

import pytest

from offhook.calls.events import Heard, Noticed, RecordingEnded, RecordingStarted
from offhook.records.recorder import Recorder, call_facts
from offhook.store import calls, nodes, notifications, recordings
from offhook.store.notifications import NotificationFilters
from offhook.store.paging import PageRequest
from offhook.store.scope import Scope
from offhook.vocabulary.clock import FrozenClock
from offhook.vocabulary.statuses import NoticeLevel
from tests.support.databases import CHILD, KINDS, NOW, populated
from tests.support.facts import CALLBACK, answered, call, created, ended

SCOPE = Scope(account_sid=CHILD)
RECORDING = "RE" + "a" * 32


def recorder():
    return Recorder(clock=FrozenClock(), node="one", heartbeat=10)


async def record(database, *events):
    writer = recorder()
    async with database.batch() as connection:
        await writer.write(connection, events)
    writer.committed()


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_follows_its_call_to_the_end_and_reads_back_as_the_same_facts(kind, tmp_path):
    facts = call(status_callback=CALLBACK, sip_headers={"X-Tier": "gold"}, caller_name="Zoë", sip_domain="example.org")

    async def scene():
        async with populated(kind, tmp_path) as database:
            for event in (created(facts), answered(facts), ended(facts)):
                await record(database, event)
                async with database.reading() as session:
                    row = await calls.get(session, SCOPE, facts.sid)
                assert call_facts(row) == event.call
                assert row.date_updated == event.at

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_wire_brings_never_breaks_the_database(kind, tmp_path):
    facts = call(from_="a\0b", to="\udc80", caller_name="x\0", sip_headers={"X-\0": "\udfff"})

    async def scene():
        async with populated(kind, tmp_path) as database:
            await record(database, created(facts))
            async with database.reading() as session:
                row = await calls.get(session, SCOPE, facts.sid)
            assert (row.from_, row.to, row.sip_headers) == ("a\ufffdb", "?", {"X-\ufffd": "?"})

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_recordings_begin_complete_and_vanish_when_nothing_was_heard(kind, tmp_path):
    start = RecordingStarted(
        sid=RECORDING, account_sid=CHILD, call_sid=call().sid, path="/x", channels=2, source="DialVerb", at=NOW
    )
    end = RecordingEnded(sid=RECORDING, account_sid=CHILD, call_sid=call().sid, duration=1234, absent=False, at=NOW)

    async def scene():
        async with populated(kind, tmp_path) as database:

            async def row():
                async with database.reading() as session:
                    return await recordings.get(session, SCOPE, RECORDING)

            await record(database, start)
            assert (await row()).status == "in-progress"
            await record(database, end)
            assert ((await row()).status, (await row()).duration) == ("completed", 1234)
            await record(database, replace(end, absent=True))
            assert await row() is None
            await record(database, start, end)
            assert (await row()).status == "completed"

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_a_notice_becomes_a_notification_and_the_transcript_none(kind, tmp_path):
    notice = Noticed(
        sid="NO" + "b" * 32,
        account_sid=CHILD,
        call_sid=call().sid,
        level=NoticeLevel.WARNING,
        code=12200,
        message="odd",
        at=NOW,
    )
    line = Heard(call_sid=call().sid, account_sid=CHILD, what="say", text="hello", at=NOW)

    async def scene():
        async with populated(kind, tmp_path) as database:
            await record(database, notice, line)
            await record(database, notice)
            async with database.reading() as session:
                found = await notifications.page(session, SCOPE, NotificationFilters(), PageRequest())
            assert [(row.error_code, row.log, row.message_text) for row in found.rows] == [(12200, "1", "odd")]

    asyncio.run(scene())


def test_the_node_gives_signs_of_life_but_not_with_every_batch(tmp_path):
    async def scene():
        async with populated("sqlite", tmp_path) as database:
            clock = FrozenClock()
            writer = Recorder(clock=clock, node="one", heartbeat=10)

            async def beat():
                async with database.batch() as connection:
                    await writer.write(connection, ())
                writer.committed()
                async with database.reading() as session:
                    return await nodes.last_beat(session, "one")

            assert writer.waiting
            first = await beat()
            clock.advance(1)
            assert not writer.waiting
            assert await beat() == first == FrozenClock().utc()
            clock.advance(10)
            assert writer.waiting
            assert await beat() > first

    asyncio.run(scene())


def test_a_reminder_reaches_the_journal_while_nothing_happens():
    from tests.support.virtual_loop import run

    async def scene():
        pokes = []
        task = asyncio.get_running_loop().create_task(recorder().run(lambda: pokes.append(1)))
        await asyncio.sleep(35)
        task.cancel()
        await asyncio.wait([task])
        assert len(pokes) == 4

    run(scene())
