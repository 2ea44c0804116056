import asyncio
from datetime import date

import pytest

from offhook.store import notifications
from offhook.store.filters import Span
from offhook.store.notifications import NotificationFilters
from offhook.store.paging import Order, PageRequest
from offhook.store.scope import Scope
from tests.support.databases import CHILD, KINDS, NOW, STRANGER, populated


def row(index, **more):
    values = {
        "sid": f"NO{index:032x}", "account_sid": CHILD, "call_sid": f"CA{index:032x}", "log": "0", "error_code": 12100, "message_text": "50% bad",
        "message_date": NOW, "request_url": "http://a.example/voice", "request_method": "POST", "request_variables": "To=1", "response_headers": None,
        "response_body": "<x/>", "date_created": NOW, "date_updated": NOW, "api_version": "2012-04-24",
    }  # fmt: skip
    return {**values, **more}


@pytest.mark.parametrize("kind", KINDS)
def test_notifications_are_found_by_weight_code_text_address_and_day(kind, tmp_path):
    rows = [
        row(1),
        row(2, log="1", error_code=11200, message_text="slow"),
        row(3, request_url="http://b.example/"),
        row(4, account_sid=STRANGER),
    ]
    cases = [
        (NotificationFilters(), [3, 2, 1]),
        (NotificationFilters(log="1"), [2]),
        (NotificationFilters(error_code=12100), [3, 1]),
        (NotificationFilters(message_text="0% b"), [3, 1]),
        (NotificationFilters(message_text="0_ b"), []),
        (NotificationFilters(request_url="a.example"), [2, 1]),
        (NotificationFilters(call_sid=f"CA{1:032x}"), [1]),
        (NotificationFilters(message=Span(on=date(2026, 1, 2))), []),
    ]

    async def scene():
        async with populated(kind, tmp_path) as database:
            async with database.batch() as connection:
                await notifications.save(connection, rows)
            async with database.reading() as session:
                own = Scope(account_sid=CHILD)
                for filters, wanted in cases:
                    page = await notifications.page(session, own, filters, PageRequest())
                    assert [int(found.sid[2:], 16) for found in page.rows] == wanted, filters
                request = PageRequest(order=Order(by="error_code"))
                page = await notifications.page(session, own, NotificationFilters(), request)
                assert [found.error_code for found in page.rows] == [11200, 12100, 12100]
                assert await notifications.get(session, own, f"NO{4:032x}") is None
                assert (await notifications.get(session, own, f"NO{1:032x}")).response_body == "<x/>"

    asyncio.run(scene())
