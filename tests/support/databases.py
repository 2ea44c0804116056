"""Databases for tests: fresh, with tables, on SQLite and on PostgreSQL; and a first organization and accounts in them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from offhook.store.accounts import AccountRow
from offhook.store.engine import open_database
from offhook.store.organizations import OrganizationRow
from offhook.store.session import Database
from offhook.store.settings import StoreSettings
from tests.support.postgres import fresh_database

KINDS = ("sqlite", "postgresql")
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
ORGANIZATION = "OR" + "0" * 32
ADMINISTRATOR = "AC" + "0" * 32
CHILD = "AC" + "1" * 32
GRANDCHILD = "AC" + "2" * 32
STRANGER = "AC" + "3" * 32


@asynccontextmanager
async def database(kind: str, directory: Path) -> AsyncIterator[Database]:
    """An empty database of this kind."""
    found = await open_database(StoreSettings(url=fresh_database() if kind == "postgresql" else ""), directory)
    try:
        yield found
    finally:
        await found.close()


@asynccontextmanager
async def populated(kind: str, directory: Path) -> AsyncIterator[Database]:
    """A database with one organization and four accounts: administrator, child, grandchild; and a stranger."""
    async with database(kind, directory) as found:
        async with found.writing() as session:
            session.add(
                OrganizationRow(sid=ORGANIZATION, domain_name="example.org", date_created=NOW, date_updated=NOW)
            )
            await session.flush()
            for sid, parent in ((ADMINISTRATOR, None), (CHILD, ADMINISTRATOR), (GRANDCHILD, CHILD), (STRANGER, None)):
                session.add(
                    AccountRow(
                        sid=sid,
                        organization_sid=ORGANIZATION,
                        parent_account_sid=parent,
                        friendly_name=sid[:4],
                        auth_token="sealed",
                        date_created=NOW,
                        date_updated=NOW,
                    )
                )
                await session.flush()
        yield found
