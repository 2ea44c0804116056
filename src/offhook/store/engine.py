"""Opens the database: SQLite in WAL mode by default, PostgreSQL by URL."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from offhook.store.schema import upgrade
from offhook.store.session import WRITES, Database
from offhook.store.settings import StoreSettings


class StoreError(Exception):
    """The database cannot be used; the message says what to do."""


async def open_database(settings: StoreSettings, data_dir: Path) -> Database:
    """The database, reachable and with its newest tables. Raises ``StoreError``."""
    engine = _engine(settings, data_dir)
    try:
        await upgrade(engine)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        await engine.dispose()
        shown = engine.url.render_as_string(hide_password=True)
        raise StoreError(f"The database {shown} cannot be used: {getattr(error, 'orig', error)}") from error
    return Database(engine, wait=settings.wait)


def _engine(settings: StoreSettings, data_dir: Path) -> AsyncEngine:
    try:
        url = make_url(settings.url or f"sqlite:///{data_dir / 'offhook.db'}")
    except ArgumentError as error:
        raise StoreError(f"store.url is no database URL: {error}") from error
    match url.get_backend_name():
        case "sqlite":
            return _sqlite(str(url.database or ""), settings)
        case "postgresql":
            return create_async_engine(
                url.set(drivername="postgresql+asyncpg"),
                pool_size=settings.connections,
                max_overflow=0,
                pool_timeout=settings.wait,
                pool_pre_ping=True,
                connect_args={"timeout": settings.wait, "command_timeout": 30.0},
            )
        case other:
            raise StoreError(f"store.url names {other}; offhook runs on sqlite and postgresql.")


def _sqlite(path: str, settings: StoreSettings) -> AsyncEngine:
    if not path or path == ":memory:":
        raise StoreError("store.url must name a file: a database in memory would forget every call.")
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.touch(mode=0o600)
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{path}",
        pool_size=min(settings.connections, 5),
        max_overflow=0,
        pool_timeout=settings.wait,
        connect_args={"timeout": settings.wait},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions begin below, not when the driver thinks so
        cursor = connection.cursor()
        # WAL with synchronous=NORMAL: a commit survives the death of the process (not a power cut) without an fsync.
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "journal_size_limit=67108864"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and then writes would fail at once when another wrote in between.
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def versions() -> dict[str, str]:
    """Versions of what is compiled in, for ``offhook doctor``."""
    return {"sqlite": sqlite3.sqlite_version}
