"""The journal: takes the events of all calls and writes them in shared transactions (group commit), in order.

Writers (records, webhooks) put their rows into the same transaction, so that a record and its callback exist together or
not at all. Calls never wait for the database unless they ask to (``settled``).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import structlog

from offhook.calls.events import ApplicationAsked, CallEvent, Heard
from offhook.records.settings import RecordsSettings
from offhook.store.session import Connection, Database, is_outage

log = structlog.get_logger(__name__)
_LARGEST_BATCH: Final = 2000
"""Events per transaction; more wait for the next."""
_FIRST_RETRY: Final = 0.1


class Writer(Protocol):
    """Puts rows of its own into the journal's transaction. May be called again with the same events after a failure."""

    @property
    def waiting(self) -> bool:
        """Whether it has something to write even without events."""
        ...

    async def write(self, connection: Connection, events: Sequence[CallEvent]) -> None:
        """Write what ``events`` mean, and what else waits. Must not keep what it wrote until ``committed``."""
        ...

    def committed(self) -> None:
        """The transaction of the last ``write`` is durable."""
        ...

    def rolled_back(self) -> None:
        """The transaction of the last ``write`` did not happen."""
        ...


class NotDurable(TimeoutError):
    """The database did not take what was published in time, so nothing may be acknowledged."""


class Journal:
    """Implements ``calls.events.EventLog``. ``run`` writes until it is cancelled, then writes the rest.

    Drop rule: at most ``backlog`` events wait. When full, the oldest event is dropped and counted; since every event holds
    the whole state of its call, a later one makes up for it. ``Heard`` and ``ApplicationAsked`` are never stored.
    """

    def __init__(
        self,
        database: Database,
        writers: Sequence[Writer],
        settings: RecordsSettings,
        *,
        listeners: Sequence[Callable[[CallEvent], None]] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._writers = tuple(writers)
        self._settings = settings
        self._listeners = tuple(listeners)
        self._monotonic = monotonic
        self._queue: deque[CallEvent] = deque()
        self._batch: list[CallEvent] = []
        self._published = 0
        self._done = 0
        self._dropped = 0
        self._settling: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._work = asyncio.Event()
        self._demand = asyncio.Event()

    @property
    def dropped(self) -> int:
        """Events lost since the start."""
        return self._dropped

    def publish(self, event: CallEvent) -> None:
        """Hand ``event`` to the listeners now and to the writers soon."""
        for listener in self._listeners:
            listener(event)
        if isinstance(event, Heard | ApplicationAsked):
            return
        if len(self._queue) >= self._settings.backlog:
            self._queue.popleft()
            self._done += 1
            self._dropped += 1
            if self._dropped % 1000 == 1:
                log.error(
                    "journal_overflows", dropped=self._dropped, advice="mend the database; records are being lost"
                )
        self._queue.append(event)
        self._published += 1
        self._work.set()

    def poke(self) -> None:
        """A writer has something to write although there is no event."""
        self._work.set()

    async def settled(self) -> None:
        """Wait until all that was published so far is durable. Raises ``NotDurable`` after ``settings.settle``."""
        if self._done >= self._published:
            return
        future = asyncio.get_running_loop().create_future()
        self._settling.append((self._published, future))
        self._demand.set()
        try:
            async with asyncio.timeout(self._settings.settle):
                await future
        except TimeoutError as error:
            raise NotDurable("The database does not answer, so nothing new can be accepted.") from error

    async def run(self) -> None:
        """Write until cancelled; what is queued then is still written, within ``settings.write``."""
        try:
            while True:
                await self._work.wait()
                await self._linger()
                started = self._monotonic()
                await self._write_next()
                pause = self._settings.commit_interval - (self._monotonic() - started)
                if pause > 0:
                    await asyncio.sleep(pause)
        finally:
            await self._write_rest()

    async def _linger(self) -> None:
        """Collect more while nobody waits for a commit."""
        if self._settling:
            return
        self._demand.clear()
        try:
            async with asyncio.timeout(self._settings.linger):
                await self._demand.wait()
        except TimeoutError:
            return

    async def _write_next(self) -> None:
        """One batch, however long the database is away."""
        self._work.clear()
        while self._queue and len(self._batch) < _LARGEST_BATCH:
            self._batch.append(self._queue.popleft())
        await self._write_until_done(self._batch)
        self._done += len(self._batch)
        self._batch.clear()
        while self._settling and self._settling[0][0] <= self._done:
            _, future = self._settling.popleft()
            if not future.done():
                future.set_result(None)
        if self._queue:
            self._work.set()

    async def _write_until_done(self, batch: Sequence[CallEvent]) -> None:
        pause = _FIRST_RETRY
        while True:
            try:
                await self._write(batch)
            except Exception as error:  # noqa: BLE001 whatever went wrong, calls go on and the journal must not die
                if not is_outage(error):
                    await self._divide(batch, error)
                    return
                waiting = len(batch) + len(self._queue)
                # A traceback every few seconds would hide what the operator needs to read.
                log.error("database_away", error=str(error), events=waiting, retry_in=pause)  # noqa: TRY400
                await asyncio.sleep(pause)
                pause = min(pause * 2, self._settings.retry)
            else:
                return

    async def _divide(self, batch: Sequence[CallEvent], error: Exception) -> None:
        """The database refuses something: find it by halving, leave it out, keep the others."""
        if len(batch) <= 1:
            self._dropped += len(batch)
            log.error(
                "event_refused_by_database", error=str(error), event_types=[type(event).__name__ for event in batch]
            )
            return
        middle = len(batch) // 2
        await self._write_until_done(batch[:middle])
        await self._write_until_done(batch[middle:])

    async def _write(self, batch: Sequence[CallEvent]) -> None:
        if not batch and not any(writer.waiting for writer in self._writers):
            return
        try:
            async with asyncio.timeout(self._settings.write), self._database.batch() as connection:
                for writer in self._writers:
                    await writer.write(connection, batch)
        except BaseException:
            for writer in self._writers:
                writer.rolled_back()
            raise
        for writer in self._writers:
            writer.committed()

    async def _write_rest(self) -> None:
        try:
            async with asyncio.timeout(self._settings.write):
                while self._batch or self._queue or any(writer.waiting for writer in self._writers):
                    await self._write_next()
        except TimeoutError:
            lost = len(self._batch) + len(self._queue)
            log.exception("journal_not_written", events=lost, advice="the database did not answer at shutdown")
