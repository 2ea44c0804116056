import asyncio
import stat

import pytest
from sqlalchemy import text

from offhook.store.engine import StoreError, open_database, versions
from offhook.store.settings import StoreSettings
from tests.support.databases import database


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
