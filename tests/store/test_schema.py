import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from offhook.store import migrations
from offhook.store.schema import migrate, newest_revision, upgrade
from offhook.store.tables import AGGREGATES, METADATA
from tests.support.databases import KINDS, database


def differences(sync):
    options = {"compare_type": True, "compare_server_default": True}
    return compare_metadata(MigrationContext.configure(sync, opts=options), METADATA)


def shape(sync):
    """Everything that the database itself says about its tables."""
    inspector = inspect(sync)
    return {
        name: (
            [(column["name"], str(column["type"]), column["nullable"], column["default"]) for column in columns],
            inspector.get_pk_constraint(name),
            sorted(inspector.get_foreign_keys(name), key=str),
            sorted(inspector.get_unique_constraints(name), key=str),
            sorted(inspector.get_check_constraints(name), key=str),
            sorted(inspector.get_indexes(name), key=str),
        )
        for name in inspector.get_table_names()
        for columns in [inspector.get_columns(name)]
    }


def emptied(sync):
    METADATA.drop_all(sync)
    sync.execute(text("drop table alembic_version"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_migrations_make_exactly_the_tables_that_an_empty_database_gets(kind, tmp_path):
    async def scene():
        async with database(kind, tmp_path) as found, found.batch() as connection:
            assert await connection.run_sync(differences) == []
            made = await connection.run_sync(shape)
            assert len(AGGREGATES) <= len(METADATA.tables) < len(made)
            await connection.run_sync(emptied)
            await connection.run_sync(migrate)
            assert await connection.run_sync(shape) == made
            assert await connection.run_sync(differences) == []

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_upgrading_twice_changes_nothing(kind, tmp_path):
    async def scene():
        async with database(kind, tmp_path) as found:
            await upgrade(found.engine)
            async with found.reading() as session:
                assert await session.scalar(text("select version_num from alembic_version")) == newest_revision()

    asyncio.run(scene())


def test_the_newest_revision_is_the_head_of_the_migrations():
    assert ScriptDirectory(Path(migrations.__file__).parent).get_current_head() == newest_revision()


@pytest.mark.parametrize("kind", KINDS)
def test_what_an_older_version_left_is_migrated(kind, tmp_path):
    async def scene():
        async with database(kind, tmp_path) as found:
            async with found.batch() as connection:
                await connection.run_sync(METADATA.drop_all)
                await connection.execute(text("delete from alembic_version"))
            await upgrade(found.engine)
            async with found.batch() as connection:
                assert await connection.run_sync(lambda sync: inspect(sync).has_table("calls"))

    asyncio.run(scene())
