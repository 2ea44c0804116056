import asyncio
from dataclasses import replace

import pytest

from offhook.calls.conferences.conference import Conference
from offhook.calls.events import (
    ConferenceFacts,
    MachineDetected,
    ParticipantFacts,
    RecordingEnded,
    RecordingStarted,
    StatusCallback,
)
from offhook.records.recorder import Recorder
from offhook.store import deliveries
from offhook.store.deliveries import DEAD, DELIVERED, DeliveryFilters
from offhook.store.paging import Order, PageRequest
from offhook.store.scope import Scope
from offhook.vocabulary.clock import FrozenClock
from offhook.vocabulary.statuses import Direction
from offhook.webhooks.outbox import Outbox, callback_of
from tests.support.databases import CHILD, KINDS, NOW, populated
from tests.support.facts import CALLBACK, answered, call, created, ended

FACTS = call(status_callback=CALLBACK)
WHOLE = "RE" + "1" * 32


async def rows(database):
    async with database.reading() as session:
        order = Order(by="date_created")
        request = PageRequest(order=order)
        found = await deliveries.page(session, Scope(account_sid=CHILD), DeliveryFilters(), request)
    return sorted(found.rows, key=lambda row: row.sequence)


async def write(database, outbox, *events):
    async with database.batch() as connection:
        await outbox.write(connection, events)
    outbox.committed()


@pytest.mark.parametrize("kind", KINDS)
def test_every_milestone_that_was_asked_for_is_sent_once_it_is_durable(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            sent = []
            outbox = Outbox(node="one", send=sent.extend)
            await write(database, outbox, created(FACTS), answered(FACTS), ended(FACTS), created(call(2)))
            kept = await rows(database)
            assert [dict(row.parameters)["SequenceNumber"] for row in kept] == ["0", "2", "3"]
            assert [callback_of(row).parameters for row in kept] == [callback.parameters for callback in sent]
            assert [callback_of(row).sid for row in kept] == [callback.sid for callback in sent]

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", ["2010-04-01", "2012-04-24"])
def test_the_last_callback_of_a_call_that_the_api_had_recorded_tells_where_to_hear_it(kind, version, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            sent = []
            outbox = Outbox(node="one", send=sent.extend, recording_url=lambda *of: "/".join(("https://here", *of)))
            recorder = Recorder(clock=FrozenClock(NOW), node="one", heartbeat=10)
            facts = call(status_callback=CALLBACK, direction=Direction.OUTBOUND_API, api_version=version)
            kept, said = {"call_sid": facts.sid, "account_sid": CHILD, "at": NOW}, "RE" + "2" * 32
            events = [created(facts), answered(facts)]
            for sid, source in ((WHOLE, "OutboundAPI"), (said, "RecordVerb")):
                events.append(RecordingStarted(sid=sid, path="", channels=1, source=source, **kept))
                events.append(RecordingEnded(sid=sid, duration=7_600, absent=False, **kept))
            events.append(ended(facts))
            async with database.batch() as connection:
                await recorder.write(connection, events)
                await outbox.write(connection, events)
            outbox.committed()
            *before, last = [dict(callback.parameters) for callback in sent]
            assert (last["RecordingSid"], last["RecordingDuration"]) == (WHOLE, "8")
            assert last["RecordingUrl"] == f"https://here/{CHILD}/{WHOLE}/{version}"
            assert before
            assert not any("RecordingSid" in form for form in before)

    asyncio.run(scene())


def test_only_what_was_asked_for_is_sent(tmp_path):
    async def scene():
        async with populated("sqlite", tmp_path) as database:
            sent = []
            outbox = Outbox(node="one", send=sent.extend)
            facts = call(status_callback=replace(CALLBACK, events=frozenset({"completed"})))
            await write(database, outbox, created(facts), answered(facts), ended(facts))
            assert [callback.sequence for callback in sent] == [3]

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_that_is_written_again_makes_no_second_callback_and_forgets_no_attempt(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            sent = []
            outbox = Outbox(node="one", send=sent.extend)
            await write(database, outbox, ended(FACTS))
            callback = sent[0]
            callback.note(at="now", status=200, elapsed=0.1)
            outbox.note(callback, DELIVERED, NOW)
            assert outbox.waiting
            assert outbox.unsaved == {callback.sid}
            await write(database, outbox)
            await write(database, outbox, ended(FACTS))
            (row,) = await rows(database)
            assert (row.state, row.attempts) == (DELIVERED, [{"number": 1, "at": "now", "status": 200, "elapsed": 0.1}])
            assert not outbox.waiting

    asyncio.run(scene())


def test_nothing_is_sent_or_forgotten_when_the_transaction_fails(tmp_path):
    async def scene():
        async with populated("sqlite", tmp_path) as database:
            sent = []
            outbox = Outbox(node="one", send=sent.extend)
            await write(database, outbox, ended(FACTS))
            outbox.note(sent[0], DEAD, NOW)
            with pytest.raises(RuntimeError):
                async with database.batch() as connection:
                    await outbox.write(connection, [created(FACTS)])
                    raise RuntimeError
            outbox.rolled_back()
            assert len(sent) == 1
            assert outbox.unsaved == {sent[0].sid}

    asyncio.run(scene())


def test_an_attempt_that_ends_while_the_batch_is_written_is_noted_by_the_next(tmp_path):
    async def scene():
        async with populated("sqlite", tmp_path) as database:
            sent = []
            outbox = Outbox(node="one", send=sent.extend)
            await write(database, outbox, ended(FACTS))
            outbox.note(sent[0], deliveries.PENDING, NOW)
            async with database.batch() as connection:
                await outbox.write(connection, ())
                outbox.note(sent[0], DELIVERED, NOW)
            outbox.committed()
            assert outbox.waiting
            await write(database, outbox)
            assert [row.state for row in await rows(database)] == [DELIVERED]

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_headers_that_no_database_holds_do_not_stop_the_batch(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            outbox = Outbox(node="one", send=lambda callbacks: None)
            await write(database, outbox, ended(replace(FACTS, from_="a\0\udc80")))
            assert dict((await rows(database))[0].parameters)["From"] == "a\ufffd?"

    asyncio.run(scene())


def test_a_row_keeps_only_the_last_attempts(tmp_path):
    async def scene():
        async with populated("sqlite", tmp_path) as database:
            sent = []
            outbox = Outbox(node="one", send=sent.extend)
            await write(database, outbox, ended(FACTS))
            for _ in range(50):
                sent[0].note(status=500)
            outbox.note(sent[0], DEAD, NOW)
            await write(database, outbox)
            (row,) = await rows(database)
            assert [line["number"] for line in row.attempts] == list(range(31, 51))
            assert callback_of(row).tried == 50

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_web_server_sent_does_not_keep_an_attempt_out_of_the_database(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            sent = []
            outbox = Outbox(node="one", send=sent.extend)
            await write(database, outbox, ended(FACTS))
            sent[0].note(error="no valid HTTP: \0\udc80")
            outbox.note(sent[0], DEAD, NOW)
            await write(database, outbox)
            assert (await rows(database))[0].attempts == [{"number": 1, "error": "no valid HTTP: \ufffd?"}]

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_a_conference_reports_what_was_asked_for_in_its_order(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            callback = StatusCallback(url="http://app.example.org/room", events=frozenset({"start", "leave", "end"}))
            facts = ConferenceFacts(
                sid="CF" + "1" * 32,
                account_sid=CHILD,
                name="room",
                created_at=NOW,
                updated_at=NOW,
                status_callback=callback,
            )
            room = Conference(facts)
            somebody = ParticipantFacts(call_sid=FACTS.sid, joined_at=NOW)
            events = (*room.join(somebody, NOW, most=9), *room.leave(FACTS.sid, NOW))
            sent = []
            await write(database, Outbox(node="one", send=sent.extend), *events)
            kept = await rows(database)
            assert [dict(row.parameters)["StatusCallbackEvent"] for row in kept] == [
                "conference-start",
                "participant-leave",
                "conference-end",
            ]
            assert [callback_of(row).sid for row in kept] == [callback.sid for callback in sent]
            assert len({row.sid for row in kept}) == 3

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_who_answered_is_told_to_the_url_that_asked_even_without_a_status_callback(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            sent = []
            outbox = Outbox(node="one", send=sent.extend)
            facts = call(answered_by="human", machine_detection_duration=2100)
            told = MachineDetected(call=facts, url="https://app.test/amd", method="GET", at=NOW)
            await write(database, outbox, told)
            await write(database, outbox, told)
            (row,) = await rows(database)
            assert (row.url, row.method) == ("https://app.test/amd", "GET")
            assert dict(row.parameters)["AnsweredBy"] == "human"
            assert sent[0].sid == callback_of(row).sid

    asyncio.run(scene())


@pytest.mark.parametrize("absent", [False, True])
def test_whoever_was_named_with_a_recording_hears_of_its_beginning_and_its_end(absent, tmp_path):
    async def scene():
        async with populated("sqlite", tmp_path) as database:
            sent = []
            outbox = Outbox(node="one", send=sent.extend, recording_url=lambda *of: "/".join(("https://here", *of)))
            kept = {"sid": WHOLE, "account_sid": CHILD, "call_sid": call().sid, "at": NOW}
            heard = replace(CALLBACK, events=frozenset({"in-progress", "completed", "absent"}))
            started = RecordingStarted(path=".wav", channels=2, source="DialVerb", track="both", callback=heard, **kept)
            over = RecordingEnded(duration=0 if absent else 7_600, absent=absent, started=started, **kept)
            await write(database, outbox, started, over, replace(over, started=replace(started, callback=None)))
            first, last = (dict(callback.parameters) for callback in sent)
            assert (first["RecordingStatus"], first["RecordingSource"]) == ("in-progress", "DialVerb")
            assert (last["RecordingStatus"], last.get("RecordingDuration")) == (
                ("absent", None) if absent else ("completed", "8")
            )
            assert (last["RecordingSid"], last["RecordingChannels"], last["RecordingTrack"]) == (WHOLE, "2", "both")
            assert last["RecordingUrl"].endswith(f"{WHOLE}/2012-04-24")
            assert len({callback.sid for callback in sent}) == 2

    asyncio.run(scene())
