from __future__ import annotations

from datetime import timedelta

from tests.support.api_node import (
    ApiNode,
    closing_client,
)


def test_lists_are_filtered_by_the_day_on_which_calls_were_answered(fresh: ApiNode) -> None:
    with closing_client(fresh) as client:
        first = client.calls.create(to="1", from_="2", twiml="<Response/>")
        fresh.loop.call_soon_threadsafe(fresh.calls.answer, first.sid)
        client.calls(first.sid).update(status="completed")
        day = fresh.clock.utc()
        assert [each.sid for each in client.calls.list(start_time=day.date())] == [first.sid]
        assert [each.sid for each in client.calls.list(start_time_after=day)] == [first.sid]
        assert client.calls.list(start_time_before=day - timedelta(days=1)) == []
        assert client.calls.list(status="busy") == []
