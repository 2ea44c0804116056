"""The database as everybody above sees it: sessions for reading, sessions for writing, and one connection for batches.

One request, task or event batch is one transaction: it commits at the end of the ``async with``, or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

Session = AsyncSession
Connection = AsyncConnection
WRITES: Final = "offhook_writes"
"""Execution option of transactions that write; SQLite takes its lock at their beginning."""
_PASSING: Final = ("08", "25006", "40", "53", "55P03", "57", "58")
"""How the SQLSTATEs of PostgreSQL begin that say "not now": no connection, read only (a standby), a deadlock, no space, no
connections left, a lock not granted, the operator's hand, trouble of the machine."""


class Database:
    """Hands out transactions. Objects stay readable after the commit."""

    def __init__(self, engine: AsyncEngine, *, wait: float) -> None:
        self.engine = engine
        self._wait = wait
        self._writer = engine.execution_options(**{WRITES: True})
        # SQLite has one writer: to queue here is fair and wakes at once, where the library's own lock polls.
        self._turn = asyncio.Lock() if engine.dialect.name == "sqlite" else None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Session]:
        """A session whose changes are thrown away."""
        async with AsyncSession(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Session]:
        """A session that commits at the end. Raises ``TimeoutError`` when other writers take too long."""
        async with self._in_turn(), AsyncSession(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @asynccontextmanager
    async def batch(self) -> AsyncIterator[Connection]:
        """A connection for many rows at once, committed at the end. Raises as ``writing`` does."""
        async with self._in_turn(), self._writer.begin() as connection:
            yield connection

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()

    @asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[None]:
        if self._turn is None:
            yield
            return
        async with asyncio.timeout(self._wait):
            await self._turn.acquire()
        try:
            yield
        finally:
            self._turn.release()


def is_conflict(error: BaseException) -> bool:
    """Whether the database refused a row because another one like it came first."""
    return isinstance(error, IntegrityError)


def is_outage(error: BaseException) -> bool:
    """Whether the database is away or busy (to try again helps), rather than refusing what it was given."""
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    if isinstance(state, str) and state.startswith(_PASSING):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return isinstance(error, OSError | TimeoutError | NoConnectionFree)
