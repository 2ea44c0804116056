from __future__ import annotations

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from offhook.api.errors import ApiError
from offhook.api.paging import wanted
from tests.support.api_node import RESTCOMM, ApiNode, closing_client, make_call


def test_pages_follow_one_another_without_gap_or_repetition(fresh: ApiNode) -> None:
    with closing_client(fresh) as client:
        made = [client.calls.create(to=str(1000 + each), from_="1", twiml="<Response/>").sid for each in range(7)]
        assert [each.sid for each in client.calls.list(page_size=3)] == made[::-1]
        assert [each.sid for each in client.calls.list(to="1004")] == [made[4]]
        assert [each.sid for each in client.calls.list(to="100%", limit=2)] == made[:4:-1]
        page = client.calls.page(page_size=3)
        late = client.calls.create(to="2000", from_="1", twiml="<Response/>").sid
        following = page.next_page()
        assert [each.sid for each in following] == made[3:0:-1], "a call made meanwhile moves no page"
        assert client.calls.list(limit=1)[0].sid == late


def test_a_client_that_deletes_while_it_reads_comes_to_the_end(fresh: ApiNode) -> None:
    with closing_client(fresh) as client:
        made = [client.applications.create(friendly_name=f"a{each}").sid for each in range(7)]
        gone = []
        for each in client.applications.stream(page_size=2):
            assert each.delete()
            gone.append(each.sid)
        assert gone == made[::-1]
        assert client.applications.list() == []


def test_pages_count_right_and_an_absent_link_is_null(fresh: ApiNode) -> None:
    sids = [make_call(fresh, to=str(1000 + each)) for each in range(5)]
    first = fresh.ask("GET", f"{RESTCOMM}/Calls.json?PageSize=2").json()
    assert [first[key] for key in ("page", "num_pages", "page_size", "total", "start", "end")] == [0, 3, 2, 5, 0, 1]
    assert first["previous_page_uri"] is None
    assert first["next_page_uri"].endswith(f"AfterSid={sids[3]}")
    assert [each["sid"] for each in first["calls"]] == [sids[4], sids[3]]
    last = fresh.ask("GET", fresh.ask("GET", first["next_page_uri"]).json()["next_page_uri"]).json()
    assert [each["sid"] for each in last["calls"]] == [sids[0]]
    assert (last["page"], last["start"], last["end"], last["next_page_uri"]) == (2, 4, 4, None)
    assert fresh.ask("GET", first["last_page_uri"]).json()["calls"] == last["calls"]
    root = ET.fromstring(fresh.ask("GET", f"{RESTCOMM}/Calls?PageSize=2&Page=1").content)
    calls = root.find("Calls")
    assert calls is not None
    assert (calls.get("page"), calls.get("numpages"), calls.get("pagesize"), calls.get("total")) == ("1", "3", "2", "5")
    assert [each.findtext("Sid") for each in calls] == [sids[2], sids[1]]
    beyond = fresh.ask("GET", f"{RESTCOMM}/Calls.json?Page=9").json()
    assert (beyond["calls"], beyond["next_page_uri"]) == ([], None)


def test_lists_are_sorted_and_filtered_as_asked(fresh: ApiNode) -> None:
    for to in ("1002", "1001", "49376"):
        make_call(fresh, to=to)

    def listed(query: str) -> list[str]:
        return [each["to"] for each in fresh.ask("GET", f"{RESTCOMM}/Calls.json?{query}").json()["calls"]]

    assert listed("SortBy=To:asc") == ["1001", "1002", "49376"]
    assert listed("SortBy=To:desc&PageSize=2&Page=1") == ["1001"]
    assert listed("SortBy=DateCreated") == ["1002", "1001", "49376"]
    assert listed("To=49%25") == ["49376"]
    assert listed("Status=completed") == []
    for bad in ("SortBy=Password", "SortBy=To:up", "StartTime=yesterday", "Page=-1", "PageSize=0", "PageSize=x"):
        assert fresh.ask("GET", f"{RESTCOMM}/Calls.json?{bad}").status_code == 400, bad


@given(
    st.lists(st.tuples(st.sampled_from(["Page", "PageSize", "PageToken", "AfterSid", "SortBy"]), st.text()), max_size=5)
)
def test_no_query_asks_for_an_impossible_page(pairs: list[tuple[str, str]]) -> None:
    try:
        page = wanted(pairs, size=50, limit=1000)
    except ApiError:
        return
    assert 1 <= page.size <= 1000
    assert page.number >= 0
