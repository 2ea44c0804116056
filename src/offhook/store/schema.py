"""Brings the tables of a database up to date: made at once in an empty one, migrated in any other."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, insert, inspect, select
from sqlalchemy.ext.asyncio import AsyncEngine

from offhook.store.session import WRITES
from offhook.store.tables import METADATA

_MIGRATIONS = Path(__file__).parent / "migrations"

_REVISION = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Where Alembic keeps the revision of a database; the shape is its own."""


async def upgrade(engine: AsyncEngine) -> None:
    """Make or change what differs from the newest revision, all in one transaction."""
    async with engine.connect() as connection:
        if await connection.run_sync(_revision) == newest_revision():
            return
    async with engine.execution_options(**{WRITES: True}).begin() as connection:
        await connection.run_sync(_bring_up_to_date)


def newest_revision() -> str:
    """The revision that the code is written for; ``v0001_first_tables.py`` is revision 0001."""
    return max(path.name[1:5] for path in (_MIGRATIONS / "versions").glob("v????_*.py"))


def _revision(connection: Connection) -> str | None:
    """What the database has; None for an empty one."""
    if not inspect(connection).has_table(_REVISION.name):
        return None
    return connection.scalar(select(_REVISION.c.version_num))


def _bring_up_to_date(connection: Connection) -> None:
    if inspect(connection).get_table_names():
        migrate(connection)
    else:
        _make(connection)


def _make(connection: Connection) -> None:
    """The tables as the code knows them: what all migrations together lead to, without loading and running those."""
    METADATA.create_all(connection)
    _REVISION.create(connection)
    connection.execute(insert(_REVISION).values(version_num=newest_revision()))


def migrate(connection: Connection) -> None:
    """Run the migrations that the database lacks."""
    # Loading it takes a tenth of a start, and few starts have something to migrate.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
