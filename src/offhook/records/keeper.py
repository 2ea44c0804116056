"""The keeper of recordings: gives complete ones their size and their checksum, after the call and whatever its length.

Its queue is the table: what is not done yet stands there as ``new``, across restarts. Nothing waits for it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import structlog

from offhook.blobs.recordings import RecordingFiles
from offhook.calls.events import CallEvent, EventLog, RecordingEnded
from offhook.store import recordings
from offhook.store.recordings import DISK, NEW, RecordingRow
from offhook.store.session import Database, is_outage
from offhook.vocabulary.clock import Clock

log = structlog.get_logger(__name__)

_BATCH: Final = 100
"""Rows that are read at a time; the rest waits in the table."""
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 300.0
_BLOCK: Final = 1 << 20


class Keeper:
    """``run`` works until it is cancelled; ``hear`` tells it that there is something to do."""

    def __init__(
        self,
        database: Database,
        files: RecordingFiles,
        events: Callable[[], EventLog],
        *,
        clock: Clock,
        node: str,
    ) -> None:
        """``events`` is what is waited for until a recording has its row."""
        self._database = database
        self._files = files
        self._events = events
        self._clock = clock
        self._node = node
        self._work = asyncio.Event()
        self._work.set()

    def hear(self, event: CallEvent) -> None:
        """A recording has ended."""
        if isinstance(event, RecordingEnded) and not event.absent:
            self._work.set()

    async def run(self) -> None:
        """Look after what is complete, the oldest first; what fails is tried again, after ever longer pauses."""
        pause = _FIRST_PAUSE
        while True:
            await self._work.wait()
            self._work.clear()
            if await self._keep_all():
                pause = _FIRST_PAUSE
                continue
            self._work.set()
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _keep_all(self) -> bool:
        """Whether nothing is left to do."""
        done, last = True, ""
        try:
            await self._events().settled()
            while True:
                async with self._database.reading() as session:
                    rows = await recordings.unkept(session, self._node, (NEW,), _BATCH, last)
                if not rows:
                    return done
                for row in rows:
                    done &= await self._keep(row)
                last = rows[-1].sid
        except Exception as error:
            if not (is_outage(error) or isinstance(error, TimeoutError)):
                raise
            log.warning("recordings_not_looked_after", error=str(error))
            return False

    async def _keep(self, row: RecordingRow) -> bool:
        size, checksum = 0, None
        try:
            size, checksum = await asyncio.to_thread(measured, self._files.path(row.sid, row.format))
        except FileNotFoundError:
            log.warning("recording_without_file", recording=row.sid)
        except OSError as error:
            log.warning("recording_not_read", recording=row.sid, reason=str(error))
            return False
        move: dict[str, Any] = {
            "key": row.sid,
            "place": DISK,
            "format": row.format,
            "size": size,
            "checksum": checksum,
            "date_updated": self._clock.utc(),
        }
        async with self._database.batch() as connection:
            await recordings.move(connection, [move])
        return True


def measured(path: Path) -> tuple[int, str]:
    """Bytes and SHA-256. Raises ``OSError``."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()
