import asyncio
from datetime import timedelta

import pytest

from offhook.blobs.recordings import RecordingFiles
from offhook.calls.events import RecordingStarted
from offhook.records.recorder import Recorder
from offhook.records.recovery import REASON, Recovered, recover
from offhook.store import calls, deliveries, nodes, recordings
from offhook.store.deliveries import DeliveryFilters
from offhook.store.paging import PageRequest
from offhook.store.scope import Scope
from offhook.vocabulary.clock import FrozenClock
from offhook.webhooks.outbox import Outbox
from tests.support.databases import CHILD, KINDS, NOW, populated
from tests.support.facts import CALLBACK, answered, call, created, ended

SCOPE = Scope(account_sid=CHILD)
CLOCK = FrozenClock(NOW + timedelta(hours=1))
HEARD, SILENT, FOREIGN = ("RE" + letter * 32 for letter in "abc")


def writers(sent):
    return [Recorder(clock=CLOCK, node="one", heartbeat=10), Outbox(node="one", send=sent.extend)]


def started(sid, facts):
    return RecordingStarted(
        sid=sid, account_sid=CHILD, call_sid=facts.sid, path="", channels=1, source="RecordVerb", at=NOW
    )


def wav(samples):
    import struct

    fmt = struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)
    return b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", 0) + b"\1\0" * samples


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_that_a_crash_cut_off_ends_failed_with_its_callback_and_its_recording(kind, tmp_path):
    talking, ringing = call(1, status_callback=CALLBACK), call(2)
    done, foreign = call(3), call(4, node="two")

    async def scene():
        async with populated(kind, tmp_path) as database:
            files = RecordingFiles(tmp_path / "recordings")
            files.reserve(HEARD).write_bytes(wav(12_000))
            files.reserve(SILENT)
            before = [created(ringing), answered(talking), ended(done), answered(foreign)]
            before += [started(HEARD, talking), started(SILENT, talking), started(FOREIGN, foreign)]
            recorder = writers([])[0]
            async with database.batch() as connection:
                await recorder.write(connection, before)
                await nodes.beat(connection, "one", NOW + timedelta(seconds=31))
            sent = []
            found = await recover(database, files, writers(sent), clock=CLOCK, node="one")
            assert found == Recovered(calls=2, recordings=2)

            async with database.reading() as session:
                cut = await calls.get(session, SCOPE, talking.sid)
                assert (cut.status, cut.reason, cut.duration) == ("failed", REASON, 30)
                assert cut.end_time == NOW + timedelta(seconds=31)
                unanswered = await calls.get(session, SCOPE, ringing.sid)
                assert (unanswered.status, unanswered.duration) == ("failed", 0)
                assert (await calls.get(session, SCOPE, done.sid)).status == "completed"
                assert (await calls.get(session, SCOPE, foreign.sid)).status == "in-progress"
                heard = await recordings.get(session, SCOPE, HEARD)
                assert (heard.status, heard.duration) == ("completed", 1500)
                assert await recordings.get(session, SCOPE, SILENT) is None
                assert (await recordings.get(session, SCOPE, FOREIGN)).status == "in-progress"
                pending = await deliveries.page(session, SCOPE, DeliveryFilters(state="pending"), PageRequest())
            assert [dict(row.parameters)["CallSid"] for row in pending.rows] == [talking.sid]
            assert [callback.call_sid for callback in sent] == [talking.sid]
            assert await recover(database, files, writers(sent), clock=CLOCK, node="one") == Recovered()

    asyncio.run(scene())


def test_more_than_one_page_of_calls_is_ended(tmp_path):
    async def scene():
        async with populated("sqlite", tmp_path) as database:
            async with database.batch() as connection:
                await writers([])[0].write(connection, [answered(call(number)) for number in range(1201)])
            found = await recover(database, RecordingFiles(tmp_path), writers([]), clock=CLOCK, node="one")
            assert found.calls == 1201

    asyncio.run(scene())
