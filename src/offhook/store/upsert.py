"""Many rows at once, inserted or overwritten by their key: one statement text for each table and dialect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Executable
from sqlalchemy.dialects import sqlite

from offhook.store.base import Table
from offhook.store.session import Connection

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


async def upsert(
    connection: Connection, table: type[Table], rows: Sequence[Mapping[str, Any]], *, fixed: frozenset[str]
) -> None:
    """Write ``rows`` (columns by name, all with the same keys); of a row that exists, ``fixed`` columns stay."""
    if rows:
        await connection.execute(_statement(connection.dialect.name, table, fixed), list(rows))


async def insert_new(connection: Connection, table: type[Table], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write those of ``rows`` that do not exist yet."""
    if rows:
        statement = _insert(connection.dialect.name, table).on_conflict_do_nothing()
        await connection.execute(statement, list(rows))


@lru_cache(maxsize=64)
def _statement(dialect: str, table: type[Table], fixed: frozenset[str]) -> Executable:
    columns = [column for column in table.__table__.columns if column.key not in fixed]
    key = [column.key for column in table.__table__.primary_key]
    statement = _insert(dialect, table)
    changes = {column.name: statement.excluded[column.key] for column in columns}
    return statement.on_conflict_do_update(index_elements=key, set_=changes)


def _insert(dialect: str, table: type[Table]) -> postgresql.Insert | sqlite.Insert:
    if dialect == "postgresql":
        # Loading the dialect takes time that only servers with such a database should spend.
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415

        return postgresql.insert(table)
    return sqlite.insert(table)
