from __future__ import annotations

import asyncio

import pytest

from offhook.store import keys
from offhook.store.keys import KeyRow
from offhook.store.paging import PageRequest
from offhook.store.scope import Scope
from tests.support.databases import CHILD, GRANDCHILD, KINDS, NOW, populated


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_is_found_with_its_account_and_by_who_may_see_it(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            async with database.writing() as session:
                for number, account in enumerate((CHILD, GRANDCHILD)):
                    session.add(
                        KeyRow(
                            sid=f"SK{number:032x}",
                            account_sid=account,
                            friendly_name="k",
                            secret="sealed",
                            date_created=NOW,
                            date_updated=NOW,
                        )
                    )
            async with database.reading() as session:
                row, account = await keys.credentials(session, f"SK{1:032x}")
                assert (row.kind, account.sid) == ("standard", GRANDCHILD)
                assert await keys.credentials(session, "SK" + "9" * 32) is None
                scope = Scope(account_sid=CHILD)
                assert (await keys.get(session, scope, f"SK{0:032x}")).account_sid == CHILD
                assert await keys.get(session, scope, f"SK{1:032x}") is None
                assert len((await keys.page(session, scope, PageRequest())).rows) == 1
                everyone = Scope(account_sid=CHILD, subaccounts=True)
                assert len((await keys.page(session, everyone, PageRequest())).rows) == 2

    asyncio.run(scene())
