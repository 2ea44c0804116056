import asyncio
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from offhook.store import migrations
from offhook.store.engine import StoreError, newest_revision, open_database, upgrade, versions
from offhook.store.settings import StoreSettings
from offhook.store.tables import AGGREGATES, METADATA
from tests.support.databases import KINDS, database


@pytest.mark.parametrize("kind", KINDS)
def test_the_migrations_make_exactly_the_tables_that_the_code_knows(kind, tmp_path):
    async def scene():
        async with database(kind, tmp_path) as found, found.batch() as connection:

            def differences(sync):
                options = {"compare_type": True, "compare_server_default": True}
                return compare_metadata(MigrationContext.configure(sync, opts=options), METADATA)

            assert await connection.run_sync(differences) == []
            assert len(AGGREGATES) == len(METADATA.tables)

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_upgrading_twice_changes_nothing(kind, tmp_path):
    async def scene():
        async with database(kind, tmp_path) as found:
            await upgrade(found.engine)
            async with found.reading() as session:
                assert await session.scalar(text("select version_num from alembic_version")) == "0001"

    asyncio.run(scene())


def test_the_newest_revision_is_the_head_of_the_migrations():
    assert ScriptDirectory(Path(migrations.__file__).parent).get_current_head() == newest_revision()


@pytest.mark.parametrize("kind", KINDS)
def test_what_an_older_version_left_is_brought_up_to_date(kind, tmp_path):
    async def scene():
        async with database(kind, tmp_path) as found:
            async with found.batch() as connection:
                await connection.run_sync(METADATA.drop_all)
                await connection.execute(text("delete from alembic_version"))
            await upgrade(found.engine)
            async with found.batch() as connection:
                assert await connection.run_sync(lambda sync: inspect(sync).has_table("calls"))

    asyncio.run(scene())


def test_sqlite_runs_in_wal_mode_survives_kill_and_belongs_to_its_owner_alone(tmp_path):
    async def scene():
        async with database("sqlite", tmp_path) as found, found.reading() as session:
            assert await session.scalar(text("pragma journal_mode")) == "wal"
            assert await session.scalar(text("pragma synchronous")) == 1
            assert await session.scalar(text("pragma foreign_keys")) == 1
        assert stat.S_IMODE((tmp_path / "offhook.db").stat().st_mode) == 0o600

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://x/y", "sqlite and postgresql"),
        ("sqlite://", "must name a file"),
        ("not a url", "no database URL"),
        ("postgresql://u:hunter2@/x?host=/nonexistent", "cannot be used"),
    ],
)
def test_a_database_that_cannot_be_used_is_refused_with_advice_and_without_its_password(url, said, tmp_path):
    with pytest.raises(StoreError, match=said) as refused:
        asyncio.run(open_database(StoreSettings(url=url), tmp_path))
    assert "hunter2" not in str(refused.value)


def test_the_doctor_learns_the_version():
    assert versions()["sqlite"].startswith("3.")
