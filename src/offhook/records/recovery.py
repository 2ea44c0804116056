"""What a crash left behind is brought to an end at the next start: calls, their callbacks, and recordings."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import structlog

from offhook.blobs import ogg, wav
from offhook.blobs.recordings import RecordingFiles
from offhook.calls.events import CallEnded, RecordingEnded
from offhook.records.journal import Writer
from offhook.records.recorder import call_facts, recording_started
from offhook.store import calls, nodes, recordings
from offhook.store.calls import CallRow
from offhook.store.recordings import RecordingRow
from offhook.store.session import Database
from offhook.vocabulary.clock import Clock
from offhook.vocabulary.sids import AccountSid, CallSid, RecordingSid
from offhook.vocabulary.statuses import CallStatus

log = structlog.get_logger(__name__)
REASON: Final = "the server stopped while the call was in progress"
_PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """How much there was to do."""

    calls: int = 0
    recordings: int = 0


async def recover(
    database: Database, files: RecordingFiles, writers: Sequence[Writer], *, clock: Clock, node: str
) -> Recovered:
    """End what this node had not ended. Before the journal runs and before anything listens; ``writers`` are the journal's.

    Recordings first: their rows are found through calls of this node, and the call's own end is the last thing written.
    """
    async with database.reading() as session:
        alive = await nodes.last_beat(session, node)
    found = Recovered(
        recordings=await _end_recordings(database, files, writers, clock, node),
        calls=await _end_calls(database, writers, clock, node, alive),
    )
    if found.calls or found.recordings:
        log.warning("ended_what_a_crash_left", calls=found.calls, recordings=found.recordings)
    return found


async def _end_recordings(
    database: Database, files: RecordingFiles, writers: Sequence[Writer], clock: Clock, node: str
) -> int:
    count, last = 0, ""
    while True:
        async with database.reading() as session:
            rows = await recordings.unfinished(session, node, _PAGE, last)
        if not rows:
            return count
        events = [await asyncio.to_thread(_ended_recording, row, files, clock.utc()) for row in rows]
        await _write(database, writers, events)
        count, last = count + len(rows), rows[-1].sid


def _ended_recording(row: RecordingRow, files: RecordingFiles, now: datetime) -> RecordingEnded:
    try:
        path = files.path(row.sid, row.format)
        audio = ogg.repair(path) if row.format == "ogg" else wav.repair(path)
    except OSError as error:
        log.exception("recording_not_repaired", recording=row.sid, error=str(error))
        audio = None
    return RecordingEnded(
        sid=RecordingSid(row.sid),
        account_sid=AccountSid(row.account_sid),
        call_sid=CallSid(row.call_sid),
        duration=0 if audio is None else audio.duration,
        absent=audio is None,
        started=recording_started(row),
        at=now,
    )


async def _end_calls(
    database: Database, writers: Sequence[Writer], clock: Clock, node: str, alive: datetime | None
) -> int:
    count = 0
    while True:
        async with database.reading() as session:
            rows = await calls.unfinished(session, node, _PAGE)
        if not rows:
            return count
        await _write(database, writers, [_ended_call(row, clock.utc(), alive) for row in rows])
        count += len(rows)


def _ended_call(row: CallRow, now: datetime, alive: datetime | None) -> CallEnded:
    """It ended when the node was last seen alive: at the last heartbeat, or at the call's own last event."""
    end = max(row.date_updated, alive or datetime.min.replace(tzinfo=UTC))
    answered = row.start_time
    facts = replace(
        call_facts(row),
        status=CallStatus.FAILED,
        ended_at=end,
        duration=0 if answered is None else max(0, round((end - answered).total_seconds())),
        reason=REASON,
    )
    return CallEnded(call=facts, at=now)


async def _write(database: Database, writers: Sequence[Writer], events: Sequence[CallEnded | RecordingEnded]) -> None:
    async with database.batch() as connection:
        for writer in writers:
            await writer.write(connection, events)
    for writer in writers:
        writer.committed()
