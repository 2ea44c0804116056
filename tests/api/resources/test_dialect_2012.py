"""The 2012-04-24 dialect: XML by default, bare arrays, its own names, and none of its predecessor's mistakes."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.api_node import ApiNode, api_node
from tests.support.databases import ADMINISTRATOR

BASE = f"/restcomm/2012-04-24/Accounts/{ADMINISTRATOR}"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiNode]:
    with api_node(tmp_path_factory.mktemp("api")) as found:
        yield found


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[ApiNode]:
    with api_node(tmp_path) as found:
        yield found


def make_call(node: ApiNode, to: str = "1000", **more: str) -> str:
    form = {"To": to, "From": "1001", "Url": "http://127.0.0.1/menu", **more}
    answer = node.ask("POST", f"{BASE}/Calls.json", data=form)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["sid"])


def test_one_resource_is_an_element_in_the_envelope(node: ApiNode) -> None:
    sid = make_call(node, Timeout="9", StatusCallback="http://x.example/", StatusCallbackEvent="ringing,answered")
    answer = node.ask("GET", f"{BASE}/Calls/{sid}")
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    root = ET.fromstring(answer.content)
    assert root.tag == "RestcommResponse"
    assert root.findtext("Call/Sid") == sid
    assert root.findtext("Call/ParentCallSid") == ""
    assert root.findtext("Call/ApiVersion") == "2012-04-24"
    assert root.findtext("Call/SubresourceUris/Notifications") == f"{BASE}/Calls/{sid}/Notifications"
    order = node.calls.orders[-1]
    assert (order.timeout, order.api_version) == (9, "2012-04-24")
    assert order.status_callback is not None
    assert order.status_callback.events == {"ringing", "answered"}


@pytest.mark.parametrize("path", ["/Calls.json/{sid}", "/Calls/{sid}.json", "/Calls/{sid}.JSON"])
def test_json_behind_any_segment_gives_json(node: ApiNode, path: str) -> None:
    sid = make_call(node)
    answer = node.ask("GET", BASE + path.format(sid=sid))
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["uri"] == f"{BASE}/Calls/{sid}.json"


def test_accept_gives_json_and_a_suffix_weighs_more(node: ApiNode) -> None:
    sid = make_call(node)
    json = {"Accept": "application/json"}
    assert node.ask("GET", f"{BASE}/Calls/{sid}", headers=json).json()["sid"] == sid
    assert node.ask("GET", f"{BASE}/Calls/{sid}.xml", headers=json).text.startswith("<?xml")


def test_pages_count_right_and_an_absent_link_is_null(fresh: ApiNode) -> None:
    sids = [make_call(fresh, to=str(1000 + each)) for each in range(5)]
    first = fresh.ask("GET", f"{BASE}/Calls.json?PageSize=2").json()
    assert [first[key] for key in ("page", "num_pages", "page_size", "total", "start", "end")] == [0, 3, 2, 5, 0, 1]
    assert first["previous_page_uri"] is None
    assert first["next_page_uri"].endswith(f"AfterSid={sids[3]}")
    assert [each["sid"] for each in first["calls"]] == [sids[4], sids[3]]
    last = fresh.ask("GET", fresh.ask("GET", first["next_page_uri"]).json()["next_page_uri"]).json()
    assert [each["sid"] for each in last["calls"]] == [sids[0]]
    assert (last["page"], last["start"], last["end"], last["next_page_uri"]) == (2, 4, 4, None)
    assert fresh.ask("GET", first["last_page_uri"]).json()["calls"] == last["calls"]
    root = ET.fromstring(fresh.ask("GET", f"{BASE}/Calls?PageSize=2&Page=1").content)
    calls = root.find("Calls")
    assert calls is not None
    assert (calls.get("page"), calls.get("numpages"), calls.get("pagesize"), calls.get("total")) == ("1", "3", "2", "5")
    assert [each.findtext("Sid") for each in calls] == [sids[2], sids[1]]
    beyond = fresh.ask("GET", f"{BASE}/Calls.json?Page=9").json()
    assert (beyond["calls"], beyond["next_page_uri"]) == ([], None)


def test_lists_are_sorted_and_filtered_as_asked(fresh: ApiNode) -> None:
    for to in ("1002", "1001", "49376"):
        make_call(fresh, to=to)

    def listed(query: str) -> list[str]:
        return [each["to"] for each in fresh.ask("GET", f"{BASE}/Calls.json?{query}").json()["calls"]]

    assert listed("SortBy=To:asc") == ["1001", "1002", "49376"]
    assert listed("SortBy=To:desc&PageSize=2&Page=1") == ["1001"]
    assert listed("SortBy=DateCreated") == ["1002", "1001", "49376"]
    assert listed("To=49%25") == ["49376"]
    assert listed("Status=completed") == []
    for bad in ("SortBy=Password", "SortBy=To:up", "StartTime=yesterday", "Page=-1", "PageSize=0", "PageSize=x"):
        assert fresh.ask("GET", f"{BASE}/Calls.json?{bad}").status_code == 400, bad


def test_accounts_applications_and_clients_are_bare_arrays(fresh: ApiNode) -> None:
    accounts = fresh.ask("GET", "/restcomm/2012-04-24/Accounts.json").json()
    assert isinstance(accounts, list)
    assert len(accounts) == 3
    for index in range(3):
        fresh.ask("POST", f"{BASE}/Applications", data={"FriendlyName": f"App {index}", "RcmlUrl": "http://x.example/"})
    answer = fresh.ask("GET", f"{BASE}/Applications.json?PageSize=2")
    assert [each["friendly_name"] for each in answer.json()] == ["App 2", "App 1"]
    assert answer.json()[0]["rcml_url"] == "http://x.example/"
    following = answer.links["next"]["url"]
    assert [each["friendly_name"] for each in fresh.ask("GET", following).json()] == ["App 0"]
    root = ET.fromstring(fresh.ask("GET", f"{BASE}/Clients").content)
    assert [each.tag for each in root] == ["Clients"]
    assert len(root[0]) == 0


def test_an_application_may_hold_its_document(fresh: ApiNode) -> None:
    document = "<Response><Say>Hi &amp; bye</Say></Response>"
    made = fresh.ask("POST", f"{BASE}/Applications.json", data={"FriendlyName": "Inline", "Rcml": document}).json()
    assert made["rcml"] == document
    fresh.ask("POST", f"{BASE}/Calls", data={"To": "1", "From": "2", "ApplicationSid": made["sid"]})
    assert fresh.calls.orders[-1].application.document == document
    changed = fresh.ask(
        "PUT", f"{BASE}/Applications/{made['sid']}.json", data={"Rcml": "", "RcmlUrl": "http://y.example/"}
    )
    assert (changed.json()["rcml"], changed.json()["voice_url"]) == (None, "http://y.example/")
    large = {"FriendlyName": "x", "Rcml": "x" * 65_537}
    assert fresh.ask("POST", f"{BASE}/Applications", data=large).status_code == 400


def test_a_client_is_made_once_and_its_password_is_never_shown(fresh: ApiNode) -> None:
    form = {"Login": "alice", "Password": "wonder-land-1", "VoiceUrl": "http://x.example/"}
    made = fresh.ask("POST", f"{BASE}/Clients.json", data=form)
    again = fresh.ask("POST", f"{BASE}/Clients.json", data={**form, "Password": "another-one-2"})
    assert (made.status_code, again.status_code) == (200, 200)
    assert made.json()["sid"] == again.json()["sid"]
    assert "wonder" not in made.text
    assert "password" not in made.text

    async def hashes() -> tuple[str, str]:
        from offhook.store import clients
        from tests.support.databases import ORGANIZATION

        async with fresh.ports.database.reading() as session:
            found = await clients.by_login(session, ORGANIZATION, "alice")
        assert found is not None
        return found[0].ha1_md5, found[0].ha1_sha256

    import hashlib

    assert fresh.run(hashes())[0] == hashlib.md5(b"alice:example.org:wonder-land-1").hexdigest()
    path = f"{BASE}/Clients/{made.json()['sid']}.json"
    changed = fresh.ask("POST", path, data={"Password": "quite-different-3", "Status": "0"})
    assert changed.json()["status"] == 0
    assert fresh.run(hashes())[1] == hashlib.sha256(b"alice:example.org:quite-different-3").hexdigest()
    theirs = f"/restcomm/2012-04-24/Accounts/{'AC' + '1' * 32}/Clients"
    assert fresh.ask("POST", theirs, data=form).status_code == 409
    assert fresh.ask("DELETE", path).status_code == 204
    assert fresh.ask("GET", path).status_code == 404


@pytest.mark.parametrize(
    "form",
    [
        {"Login": "a@b", "Password": "wonder-land-1"},
        {"Login": "a=b", "Password": "wonder-land-1"},
        {"Login": "a?b", "Password": "wonder-land-1"},
        {"Login": "alice", "Password": "short"},
        {"Login": "alice"},
        {"Password": "wonder-land-1"},
        {"Login": "alice", "Password": "wonder-land-1", "VoiceApplicationSid": "AP" + "9" * 32},
    ],
)
def test_a_client_needs_a_usable_login_and_password(node: ApiNode, form: dict[str, str]) -> None:
    answer = node.ask("POST", f"{BASE}/Clients.json", data=form)
    assert answer.status_code == 400
    assert set(answer.json()) == {"message", "error"}


def test_a_number_may_be_any_name_when_it_is_reached_by_sip_only(fresh: ApiNode) -> None:
    made = fresh.ask("POST", f"{BASE}/IncomingPhoneNumbers.json", data={"PhoneNumber": "reception", "isSIP": "true"})
    assert made.json()["phone_number"] == "reception"
    again = fresh.ask("POST", f"{BASE}/IncomingPhoneNumbers", data={"PhoneNumber": "reception", "isSIP": "true"})
    assert (again.status_code, "<Error>21452</Error>" in again.text) == (400, True)
    assert fresh.ask("POST", f"{BASE}/IncomingPhoneNumbers", data={"PhoneNumber": "reception2"}).status_code == 400
    assert fresh.ask("POST", f"{BASE}/IncomingPhoneNumbers", data={"AreaCode": "415"}).status_code == 400
    listed = fresh.ask("GET", f"{BASE}/IncomingPhoneNumbers.json?PhoneNumber=rec*").json()
    assert [each["phone_number"] for each in listed["incomingPhoneNumbers"]] == ["reception"]


def test_an_ended_call_is_gone(fresh: ApiNode) -> None:
    sid = make_call(fresh)
    fresh.loop.call_soon_threadsafe(fresh.calls.answer, sid)
    assert fresh.ask("POST", f"{BASE}/Calls/{sid}.json", data={"Status": "canceled"}).status_code == 410
    assert fresh.ask("POST", f"{BASE}/Calls/{sid}.json", data={"Status": "busy"}).status_code == 400
    assert fresh.ask("POST", f"{BASE}/Calls/{sid}.json", data={}).status_code == 400
    assert fresh.ask("PUT", f"{BASE}/Calls/{sid}.json", data={"Status": "completed"}).json()["status"] == "completed"
    assert fresh.ask("POST", f"{BASE}/Calls/{sid}.json", data={"Status": "completed"}).status_code == 410


def test_the_version_is_told(node: ApiNode) -> None:
    assert node.ask("GET", f"{BASE}/Version.json").json()["version"] == "1.2.3"


def test_the_directory_forgets_when_what_it_knows_has_changed(fresh: ApiNode) -> None:
    made = fresh.ask("POST", f"{BASE}/IncomingPhoneNumbers.json", data={"PhoneNumber": "1000"}).json()
    fresh.ask("POST", f"{BASE}/IncomingPhoneNumbers/{made['sid']}", data={"VoiceUrl": "http://x.example/"})
    fresh.ask("DELETE", f"{BASE}/IncomingPhoneNumbers/{made['sid']}")
    fresh.ask("GET", f"{BASE}/IncomingPhoneNumbers")
    assert len(fresh.directory_changes) == 3
