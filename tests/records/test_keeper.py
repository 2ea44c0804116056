from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from offhook.blobs.recordings import RecordingFiles
from offhook.calls.events import CallEvent, RecordingEnded
from offhook.records.keeper import Keeper, measured
from offhook.store import recordings
from offhook.store.scope import Scope
from offhook.vocabulary.clock import FrozenClock
from offhook.vocabulary.sids import AccountSid, CallSid, RecordingSid
from tests.support.databases import CHILD, NOW, populated

SIDS = [f"RE{number:032x}" for number in range(1, 4)]
CALL = "CA" + "1" * 32


class Settled:
    """Everything is in the tables."""

    def publish(self, event: CallEvent) -> None: ...

    async def settled(self) -> None: ...


def row(sid: str, **more: Any) -> dict[str, Any]:
    return {
        "sid": sid,
        "account_sid": CHILD,
        "call_sid": CALL,
        "status": "completed",
        "channels": 1,
        "source": "RecordVerb",
        "duration": 1000,
        "start_time": NOW,
        "date_created": NOW,
        "date_updated": NOW,
        "node": "here",
        **more,
    }


@pytest.mark.parametrize("again", [False, True])
def test_complete_recordings_get_their_size_and_checksum(tmp_path: Path, again: bool) -> None:
    async def scene() -> None:
        async with populated("sqlite", tmp_path) as database:
            files = RecordingFiles(tmp_path / "recordings")
            files.reserve(SIDS[0]).write_bytes(b"sound")
            async with database.batch() as connection:
                await recordings.start(connection, [row(SIDS[0]), row(SIDS[1]), row(SIDS[2], status="in-progress")])
            keeper = Keeper(database, files, Settled, clock=FrozenClock(NOW), node="here")
            if again:
                ended = RecordingEnded(
                    sid=RecordingSid(SIDS[0]),
                    account_sid=AccountSid(CHILD),
                    call_sid=CallSid(CALL),
                    duration=1000,
                    absent=False,
                    at=datetime(2026, 1, 1, tzinfo=UTC),
                )
                keeper.hear(ended)
            working = asyncio.ensure_future(keeper.run())

            async def found(sid: str) -> recordings.RecordingRow:
                async with database.reading() as session:
                    kept = await recordings.get(session, Scope(account_sid=CHILD), sid)
                assert kept is not None
                return kept

            async with asyncio.timeout(10):
                while (await found(SIDS[1])).place == "new":
                    await asyncio.sleep(0)
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working
            kept, lost, running = [await found(sid) for sid in SIDS]
            assert (kept.size, kept.checksum) == (5, hashlib.sha256(b"sound").hexdigest())
            assert (lost.place, lost.size, lost.checksum) == ("disk", 0, None)
            assert (running.place, running.checksum) == ("new", None)

    asyncio.run(scene())


def test_a_file_is_measured_whatever_its_length(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for content in (b"", b"x" * 3_000_000):
        path.write_bytes(content)
        assert measured(path) == (len(content), hashlib.sha256(content).hexdigest())
