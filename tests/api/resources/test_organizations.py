from __future__ import annotations

import pytest

from tests.support.api_node import ApiNode
from tests.support.databases import CHILD, ORGANIZATION

PATH = "/restcomm/2012-04-24/Organizations"


def test_an_organization_is_made_for_a_domain_once(fresh: ApiNode) -> None:
    made = fresh.ask("PUT", f"{PATH}/Tenant.example.json")
    assert (made.status_code, made.json()["domain_name"], made.json()["status"]) == (200, "tenant.example", "active")
    assert fresh.ask("PUT", f"{PATH}/tenant.example.json").status_code == 409
    assert fresh.ask("PUT", f"{PATH}/sales.json").json()["domain_name"] == "sales.example.org"
    listed = fresh.ask("GET", f"{PATH}.json").json()
    assert [each["domain_name"] for each in listed] == ["sales.example.org", "tenant.example", "example.org"]
    assert fresh.ask("GET", f"{PATH}/{made.json()['sid']}.json").json() == made.json()
    assert fresh.directory_changes


def test_one_can_be_closed_and_opened_but_not_the_administrators_own(fresh: ApiNode) -> None:
    sid = fresh.ask("PUT", f"{PATH}/tenant.example.json").json()["sid"]
    assert fresh.ask("POST", f"{PATH}/{sid}.json", data={"Status": "closed"}).json()["status"] == "closed"
    assert [each["sid"] for each in fresh.ask("GET", f"{PATH}.json?Status=closed").json()] == [sid]
    assert fresh.ask("POST", f"{PATH}/{sid}.json", data={"Status": "active"}).json()["status"] == "active"
    assert fresh.ask("POST", f"{PATH}/{ORGANIZATION}.json", data={"Status": "closed"}).status_code == 400
    assert fresh.ask("POST", f"{PATH}/{'OR' + '9' * 32}.json", data={"Status": "closed"}).status_code == 404


def test_an_account_sees_its_own_only(node: ApiNode) -> None:
    assert node.ask("GET", f"{PATH}/{ORGANIZATION}.json", account=CHILD).json()["domain_name"] == "example.org"
    assert node.ask("GET", f"{PATH}/{'OR' + '9' * 32}.json", account=CHILD).status_code == 403
    assert node.ask("GET", f"{PATH}.json", account=CHILD).status_code == 403
    assert node.ask("PUT", f"{PATH}/mine.example.json", account=CHILD).status_code == 403
    assert node.ask("POST", f"{PATH}/{ORGANIZATION}.json", account=CHILD, data={"Status": "closed"}).status_code == 403
    assert node.ask("GET", f"{PATH}/{ORGANIZATION}.json", account=None).status_code == 401


@pytest.mark.parametrize("domain", ["-a.example", "a..b", "a_b.example", "a" * 64 + ".example", "%00", "a%20b"])
def test_what_is_no_domain_is_refused(node: ApiNode, domain: str) -> None:
    assert node.ask("PUT", f"{PATH}/{domain}.json").status_code == 400
