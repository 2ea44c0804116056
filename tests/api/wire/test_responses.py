from __future__ import annotations

import xml.etree.ElementTree as ET

from tests.support.api_node import RESTCOMM, ApiNode, make_call


def test_one_resource_is_an_element_in_the_envelope(node: ApiNode) -> None:
    sid = make_call(node, Timeout="9", StatusCallback="http://x.example/", StatusCallbackEvent="ringing,answered")
    answer = node.ask("GET", f"{RESTCOMM}/Calls/{sid}")
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    root = ET.fromstring(answer.content)
    assert root.tag == "RestcommResponse"
    assert root.findtext("Call/Sid") == sid
    assert root.findtext("Call/ParentCallSid") == ""
    assert root.findtext("Call/ApiVersion") == "2012-04-24"
    assert root.findtext("Call/SubresourceUris/Notifications") == f"{RESTCOMM}/Calls/{sid}/Notifications"
    order = node.calls.orders[-1]
    assert (order.timeout, order.api_version) == (9, "2012-04-24")
    assert order.status_callback is not None
    assert order.status_callback.events == {"ringing", "answered"}


def test_accounts_applications_and_clients_are_bare_arrays(fresh: ApiNode) -> None:
    accounts = fresh.ask("GET", "/restcomm/2012-04-24/Accounts.json").json()
    assert isinstance(accounts, list)
    assert len(accounts) == 3
    for index in range(3):
        fresh.ask(
            "POST", f"{RESTCOMM}/Applications", data={"FriendlyName": f"App {index}", "RcmlUrl": "http://x.example/"}
        )
    answer = fresh.ask("GET", f"{RESTCOMM}/Applications.json?PageSize=2")
    assert [each["friendly_name"] for each in answer.json()] == ["App 2", "App 1"]
    assert answer.json()[0]["rcml_url"] == "http://x.example/"
    following = answer.links["next"]["url"]
    assert [each["friendly_name"] for each in fresh.ask("GET", following).json()] == ["App 0"]
    root = ET.fromstring(fresh.ask("GET", f"{RESTCOMM}/Clients").content)
    assert [each.tag for each in root] == ["Clients"]
    assert len(root[0]) == 0
