from __future__ import annotations

import pytest
from fastapi.routing import APIRoute

from offhook.api.auth import authorize
from offhook.api.resources import ROUTERS
from tests.support.api_node import (
    EMAIL,
    PASSWORD,
    TOKENS,
    TWILIO,
    ApiNode,
)
from tests.support.databases import ADMINISTRATOR, CHILD, GRANDCHILD, STRANGER


def test_credentials_are_a_sid_or_an_address_with_a_token_or_a_password(node: ApiNode) -> None:
    for user in (ADMINISTRATOR, EMAIL, EMAIL.upper()):
        for secret in (TOKENS[ADMINISTRATOR], PASSWORD):
            assert node.ask("GET", f"{TWILIO}.json", auth=(user, secret)).status_code == 200


def test_a_parent_acts_for_those_below_it_and_nobody_acts_sideways_or_upwards(node: ApiNode) -> None:
    for account, allowed in (
        (ADMINISTRATOR, {ADMINISTRATOR, CHILD, GRANDCHILD}),
        (CHILD, {CHILD, GRANDCHILD}),
        (GRANDCHILD, {GRANDCHILD}),
        (STRANGER, {STRANGER}),
    ):
        for target in (ADMINISTRATOR, CHILD, GRANDCHILD, STRANGER):
            status = node.ask("GET", f"/2010-04-01/Accounts/{target}/Calls.json", account=account).status_code
            assert status == (200 if target in allowed else 403), (account, target)


def test_what_belongs_to_a_child_is_no_part_of_its_parent(fresh: ApiNode) -> None:
    sid = fresh.ask("POST", f"/2010-04-01/Accounts/{CHILD}/Applications.json", data={"FriendlyName": "Theirs"}).json()[
        "sid"
    ]
    assert fresh.ask("GET", f"{TWILIO}/Applications/{sid}.json").status_code == 404
    assert fresh.ask("GET", f"/2010-04-01/Accounts/{CHILD}/Applications/{sid}.json", account=CHILD).status_code == 200
    assert fresh.ask("GET", f"{TWILIO}/Applications.json").json()["applications"] == []
    both = fresh.ask("GET", f"{TWILIO}/Applications.json?SubAccounts=true").json()["applications"]
    assert [each["sid"] for each in both] == [sid]
    change = fresh.ask("POST", f"{TWILIO}/Applications/{sid}.json?SubAccounts=true", data={"FriendlyName": "Mine"})
    assert change.status_code == 404, "a child's things are changed by its own path only"


def test_a_suspended_account_is_shut_out(fresh: ApiNode) -> None:
    async def suspend() -> None:
        from offhook.store.accounts import AccountRow

        async with fresh.ports.database.writing() as session:
            row = await session.get(AccountRow, CHILD)
            assert row is not None
            row.status = "suspended"

    fresh.run(suspend())
    path = f"/2010-04-01/Accounts/{CHILD}/Calls.json"
    assert fresh.ask("GET", path, account=CHILD).status_code == 403
    assert fresh.ask("GET", path).status_code == 200, "its parent may look"
    assert fresh.ask("POST", path, data={"To": "1", "From": "2", "Twiml": "<Response/>"}).status_code == 403


def test_guessing_is_slowed_but_a_working_application_is_not(fresh: ApiNode) -> None:
    path = f"{TWILIO}/Calls.json"
    statuses = [fresh.ask("GET", path, auth=(EMAIL, f"guess {each}")).status_code for each in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    refused = fresh.ask("GET", path, auth=(EMAIL, PASSWORD))
    assert (refused.status_code, refused.headers["retry-after"], refused.json()["code"]) == (429, "60", 20429)
    assert fresh.ask("GET", path).status_code == 200
    fresh.clock.advance(61)
    assert fresh.ask("GET", path, auth=(EMAIL, PASSWORD)).status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer x", "Basic", "Basic ???", "Basic " + "YQ==", "Basic /////w=="])
def test_a_request_without_usable_credentials_is_challenged(node: ApiNode, header: str) -> None:
    answer = node.ask("GET", f"{TWILIO}/Calls.json", auth=None, account=None, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic realm=")
    assert answer.json()["code"] == 20003


def test_every_route_asks_for_credentials() -> None:
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    assert len(routes) > 25
    for route in routes:
        calls, waiting = set(), [route.dependant]
        while waiting:
            dependant = waiting.pop()
            calls.add(dependant.call)
            waiting += dependant.dependencies
        assert authorize in calls, route.path
