import asyncio

import pytest

from offhook.media.events import Statistics
from offhook.store import qualities
from tests.support.databases import KINDS, NOW, populated

SID = "CA" + "1" * 32


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_row_of_a_call_stays_until_it_is_forgotten(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            for lost in (3, 4):
                row = {"call_sid": SID, "date_created": NOW, "packets_lost": lost, "codec_sent": "PCMA", "mos": 4.1}
                async with database.batch() as connection:
                    await qualities.save(connection, [row | {"packets_sent": 50}])
            async with database.reading() as session:
                row = await qualities.get(session, SID)
            assert (row.packets_lost, row.packets_sent, row.codec_sent, row.mos, row.drift) == (
                3,
                50,
                "PCMA",
                4.1,
                None,
            )
            async with database.writing() as session:
                await qualities.forget(session, SID)
            async with database.reading() as session:
                assert await qualities.get(session, SID) is None

    asyncio.run(scene())


def test_every_figure_has_a_column():
    columns = set(qualities.QualityRow.__table__.columns.keys())
    assert set(Statistics.__dataclass_fields__) | {"call_sid", "date_created"} == columns
