from __future__ import annotations

import pytest

from offhook.calls.trunks.book import TrunkBook
from offhook.records.settings import RecordsSettings
from offhook.records.trunks import StoreTrunks
from tests.support.api_node import TWILIO, ApiNode


def trunk(node: ApiNode, name: str = "carrier") -> str:
    made = node.ask("POST", f"{TWILIO}/Trunks.json", data={"FriendlyName": name})
    assert made.status_code == 201, made.text
    return f"{TWILIO}/Trunks/{made.json()['sid']}"


def test_a_gateway_is_made_changed_listed_and_deleted(fresh: ApiNode) -> None:
    path = trunk(fresh)
    form = {"SipUrl": "sip:gw.example;transport=tcp", "Priority": "5", "Weight": "0"}
    made = fresh.ask("POST", f"{path}/OriginationUrls.json", data=form)
    assert made.status_code == 201, made.text
    gateway = made.json()
    assert (gateway["priority"], gateway["weight"], gateway["enabled"], gateway["state"]) == (5, 0, True, "unknown")
    one = f"{path}/OriginationUrls/{gateway['sid']}.json"
    assert fresh.ask("POST", one, data={"Enabled": "false", "Priority": "0"}).json()["priority"] == 0
    listed = fresh.ask("GET", f"{path}/OriginationUrls.json").json()["origination_urls"]
    assert [(each["sip_url"], each["enabled"]) for each in listed] == [("sip:gw.example;transport=tcp", False)]
    assert fresh.ask("DELETE", one).status_code == 204
    assert fresh.ask("GET", one).status_code == 404


def test_how_a_gateway_is_stands_beside_it(fresh: ApiNode) -> None:
    path = trunk(fresh)
    gateway = fresh.ask("POST", f"{path}/OriginationUrls.json", data={"SipUrl": "sip:gw.example"}).json()

    async def fails() -> None:
        ports = fresh.ports
        book = await StoreTrunks(ports.database, ports.keyring, RecordsSettings(), TrunkBook()).book()
        ports.trunks.replace(book)
        (found,) = book.trunks.values()
        for _ in range(2):
            ports.trunks.failed(found, found.gateways[0], "it cannot be reached")

    fresh.run(fails())
    shown = fresh.ask("GET", f"{path}/OriginationUrls/{gateway['sid']}.json").json()
    assert (shown["state"], shown["state_reason"]) == ("down", "it cannot be reached")
    assert shown["state_since"]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "SipUrl"),
        ({"SipUrl": "http://gw"}, "SIP URI|must read like"),
        ({"SipUrl": "sip:user@gw"}, "without a user"),
        ({"SipUrl": "sip:gw", "Priority": "-1"}, "0 to 65535"),
        ({"SipUrl": "sip:gw", "Weight": "70000"}, "0 to 65535"),
    ],
)
def test_a_gateway_that_cannot_be_used_is_refused_with_the_reason(
    fresh: ApiNode, form: dict[str, str], said: str
) -> None:
    answer = fresh.ask("POST", f"{trunk(fresh)}/OriginationUrls.json", data=form)
    assert answer.status_code == 400
    assert any(part in answer.json()["message"] for part in said.split("|"))


def test_a_trunk_has_each_gateway_once_and_gateways_belong_to_one_trunk(fresh: ApiNode) -> None:
    path, other = trunk(fresh), trunk(fresh, "other")
    sid = fresh.ask("POST", f"{path}/OriginationUrls.json", data={"SipUrl": "sip:gw"}).json()["sid"]
    assert fresh.ask("POST", f"{path}/OriginationUrls.json", data={"SipUrl": "sip:gw"}).status_code == 409
    assert fresh.ask("GET", f"{other}/OriginationUrls/{sid}.json").status_code == 404
    assert fresh.ask("GET", f"{TWILIO}/Trunks/TK{'9' * 32}/OriginationUrls.json").status_code == 404
