import asyncio
from datetime import date

import pytest

from offhook.records.recorder import call_row
from offhook.store import calls, recordings
from offhook.store.filters import Span
from offhook.store.paging import Order, PageRequest
from offhook.store.recordings import RecordingFilters
from offhook.store.scope import Scope
from tests.support.databases import CHILD, KINDS, NOW, STRANGER, populated
from tests.support.facts import call, created


def row(index, facts, **more):
    return {
        "sid": f"RE{index:032x}", "account_sid": facts.account_sid, "call_sid": facts.sid, "status": "in-progress", "channels": 1, "source": "RecordVerb",
        "duration": None, "start_time": NOW, "date_created": NOW, "date_updated": NOW, "api_version": "2012-04-24", "node": facts.node, **more,
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_recordings_are_listed_finished_discarded_and_found_after_a_crash(kind, tmp_path):
    one, two, foreign = call(1), call(2, node="two"), call(3, account_sid=STRANGER)

    async def scene():
        async with populated(kind, tmp_path) as database:
            async with database.batch() as connection:
                await calls.save(connection, [call_row(created(facts)) for facts in (one, two, foreign)])
                await recordings.start(
                    connection, [row(1, one), row(2, one), row(3, two), row(4, foreign), row(5, one)]
                )
                await recordings.finish(
                    connection,
                    [
                        {
                            "key": f"RE{1:032x}",
                            "status": "completed",
                            "duration": 900,
                            "reason": None,
                            "date_updated": NOW,
                        }
                    ],
                )
                await recordings.discard(connection, [f"RE{2:032x}"])
            async with database.reading() as session:

                async def listed(filters, **request):
                    page = await recordings.page(session, Scope(account_sid=CHILD), filters, PageRequest(**request))
                    return [int(found.sid[2:], 16) for found in page.rows]

                assert await listed(RecordingFilters()) == [5, 3, 1]
                assert await listed(RecordingFilters(call_sid=one.sid), order=Order(by="date_created")) == [1, 5]
                assert await listed(RecordingFilters(created=Span(until=date(2025, 12, 31)))) == []
                assert (await recordings.get(session, Scope(account_sid=CHILD), f"RE{1:032x}")).duration == 900
                assert await recordings.get(session, Scope(account_sid=CHILD), f"RE{4:032x}") is None
                left = await recordings.unfinished(session, "one", 10)
                assert [int(found.sid[2:], 16) for found in left] == [4, 5]
                assert len(await recordings.unfinished(session, "one", 10, after=f"RE{4:032x}")) == 1

    asyncio.run(scene())
