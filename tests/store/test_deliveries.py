import asyncio
from datetime import timedelta

import pytest

from offhook.store import deliveries
from offhook.store.deliveries import DEAD, DELIVERED, PENDING, DeliveryFilters
from offhook.store.paging import Order, PageRequest
from offhook.store.scope import Scope
from tests.support.databases import CHILD, KINDS, NOW, STRANGER, populated


def row(index, node="one", account=CHILD):
    return {
        "sid": f"WD{index:032x}", "account_sid": account, "call_sid": f"CA{index // 2:032x}", "sequence": index % 2, "url": "http://a.example/",
        "method": "POST", "parameters": [["To", "é"]], "state": PENDING, "attempts": [], "due_at": NOW, "date_created": NOW, "date_updated": NOW, "node": node,
    }  # fmt: skip


def change(index, state):
    return {
        "key": f"WD{index:032x}",
        "state": state,
        "attempts": [{"number": 1}],
        "due_at": NOW + timedelta(seconds=index),
        "date_updated": NOW,
    }


@pytest.mark.parametrize("kind", KINDS)
def test_pending_callbacks_of_a_node_are_found_oldest_first_until_they_are_done(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            async with database.batch() as connection:
                await deliveries.add(connection, [row(index) for index in range(10)] + [row(50, "two")])
                await deliveries.progress(connection, [change(0, DELIVERED), change(1, DEAD), change(2, PENDING)])
                await deliveries.add(connection, [row(0), row(1)])
                await deliveries.progress(connection, [])
            async with database.reading() as session:

                async def pending(limit, known=()):
                    found = await deliveries.pending(session, "one", limit, {f"WD{index:032x}" for index in known})
                    return [int(row.sid[2:], 16) for row in found]

                assert await pending(3) == [2, 3, 4]
                assert await pending(3, known=(2, 4, 5)) == [3, 6, 7]
                assert await pending(100, known=range(2, 10)) == []

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_an_owner_sees_what_became_of_his_callbacks(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            async with database.batch() as connection:
                await deliveries.add(connection, [row(index) for index in range(4)] + [row(9, account=STRANGER)])
                await deliveries.progress(connection, [change(3, DEAD)])
            async with database.reading() as session:
                scope = Scope(account_sid=CHILD)
                dead = await deliveries.page(session, scope, DeliveryFilters(state=DEAD), PageRequest())
                assert [(found.attempts, found.parameters) for found in dead.rows] == [([{"number": 1}], [["To", "é"]])]
                of_call = DeliveryFilters(call_sid=f"CA{1:032x}")
                found = await deliveries.page(session, scope, of_call, PageRequest(order=Order(by="due_at")))
                assert [row.sequence for row in found.rows] == [0, 1]

    asyncio.run(scene())
