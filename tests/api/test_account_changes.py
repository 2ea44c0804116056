"""What may be done to accounts, by whom, and what it does to those below."""

from __future__ import annotations

import pytest

from offhook.store.accounts import AccountRow
from offhook.store.recordings import RecordingRow
from tests.support.api_node import RESTCOMM, TOKENS, ApiNode, make_call
from tests.support.databases import ADMINISTRATOR, CHILD, GRANDCHILD, NOW, STRANGER

ACCOUNTS = "/restcomm/2012-04-24/Accounts"
KIM = {"EmailAddress": "Kim@example.org", "Password": "wonder-land-1"}


def status_of(node: ApiNode, *sids: str) -> list[str]:
    async def read() -> list[str]:
        async with node.ports.database.reading() as session:
            return [(await session.get(AccountRow, sid)).status for sid in sids]  # type: ignore[union-attr]

    return node.run(read())


def test_three_levels_are_the_most(fresh: ApiNode) -> None:
    made = fresh.ask("POST", f"{ACCOUNTS}.json", account=CHILD, data=KIM)
    assert made.status_code == 200
    refused = fresh.ask("POST", f"{ACCOUNTS}.json", account=GRANDCHILD, data={**KIM, "EmailAddress": "lee@example.org"})
    assert refused.status_code == 400
    assert "not allowed to have sub-accounts" in refused.json()["message"]


def test_a_status_counts_for_everybody_below(fresh: ApiNode) -> None:
    path = f"{ACCOUNTS}/{CHILD}.json"
    assert fresh.ask("POST", path, data={"Status": "suspended"}).json()["status"] == "suspended"
    assert status_of(fresh, CHILD, GRANDCHILD, STRANGER) == ["suspended", "suspended", "active"]
    assert fresh.ask("GET", path, account=CHILD).status_code == 403
    assert fresh.ask("POST", f"{ACCOUNTS}/{CHILD}/Calls.json", data={"To": "1"}).status_code == 403
    assert fresh.ask("POST", path, data={"Status": "active"}).json()["status"] == "active"
    assert status_of(fresh, GRANDCHILD) == ["active"]


def test_what_is_closed_loses_everything_and_stays_closed(fresh: ApiNode) -> None:
    theirs = f"{ACCOUNTS}/{GRANDCHILD}"
    fresh.ask("POST", f"{theirs}/Clients.json", data={"Login": "alice", "Password": "wonder-land-1"})
    fresh.ask("POST", f"{theirs}/Applications.json", data={"FriendlyName": "menu"})
    fresh.ask("POST", f"{theirs}/IncomingPhoneNumbers.json", data={"PhoneNumber": "7000", "isSIP": "true"})
    call = fresh.ask("POST", f"{theirs}/Calls.json", data={"To": "1000", "From": "1001", "Url": "http://x.example/"})
    ours = make_call(fresh)
    recording = "RE" + "5" * 32

    async def record() -> None:
        async with fresh.ports.database.writing() as session:
            session.add(
                RecordingRow(
                    sid=recording,
                    account_sid=GRANDCHILD,
                    call_sid=call.json()["sid"],
                    status="completed",
                    channels=1,
                    source="RecordVerb",
                    start_time=NOW,
                    date_created=NOW,
                    date_updated=NOW,
                )
            )

    fresh.run(record())
    file = fresh.ports.recordings.path(recording)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"RIFF")
    assert fresh.ask("POST", f"{ACCOUNTS}/{CHILD}.json", data={"Status": "closed"}).json()["status"] == "closed"
    assert status_of(fresh, CHILD, GRANDCHILD) == ["closed", "closed"]
    for kind in ("Clients", "Applications", "IncomingPhoneNumbers", "Recordings"):
        listed = fresh.ask("GET", f"/2010-04-01/Accounts/{GRANDCHILD}/{kind}.json").json()
        assert next(value for value in listed.values() if isinstance(value, list)) == [], kind
    assert not file.exists()
    assert [each.sid for each in fresh.calls.live_calls()] == [ours]
    again = fresh.ask("POST", f"{ACCOUNTS}/{CHILD}.json", data={"Status": "active"})
    assert again.status_code == 400
    assert "closed" in again.json()["message"]
    kept = fresh.ask("GET", f"{theirs}/Calls/{call.json()['sid']}.json").json()
    assert kept["status"] in ("completed", "COMPLETED")


@pytest.mark.parametrize("form", [{"Status": "suspended"}, {"Role": "Developer"}])
def test_nobody_changes_his_own_standing(node: ApiNode, form: dict[str, str]) -> None:
    assert node.ask("POST", f"{ACCOUNTS}/{CHILD}.json", account=CHILD, data=form).status_code == 403
    assert node.ask("POST", f"{ACCOUNTS}/{ADMINISTRATOR}.json", data=form).status_code == 403
    assert node.ask("POST", f"{ACCOUNTS}/{CHILD}.json", account=STRANGER, data=form).status_code == 403


def test_a_developer_makes_developers_only(fresh: ApiNode) -> None:
    assert fresh.ask("POST", f"{ACCOUNTS}/{CHILD}.json", data={"Role": "Developer"}).json()["role"] == "Developer"
    refused = fresh.ask("POST", f"{ACCOUNTS}.json", account=CHILD, data={**KIM, "Role": "Administrator"})
    assert refused.status_code == 403
    assert fresh.ask("POST", f"{ACCOUNTS}.json", account=CHILD, data=KIM).json()["role"] == "Developer"
    theirs = f"{ACCOUNTS}/{GRANDCHILD}.json"
    assert fresh.ask("POST", theirs, account=CHILD, data={"Status": "suspended"}).status_code == 403
    assert fresh.ask("POST", theirs, account=CHILD, data={"FriendlyName": "Lee"}).status_code == 200


def test_an_account_without_password_gives_itself_one_and_is_active(fresh: ApiNode) -> None:
    fresh.ask("POST", f"{ACCOUNTS}/{CHILD}.json", data={"Status": "uninitialized"})
    path = f"{ACCOUNTS}/{CHILD}.json"
    assert fresh.ask("GET", f"{ACCOUNTS}/{CHILD}/Calls.json", account=CHILD).status_code == 403
    changed = fresh.ask("POST", path, account=CHILD, data={"Password": "wonder-land-1"})
    assert (changed.status_code, changed.json()["status"]) == (200, "active")
    assert fresh.ask("GET", path, auth=(CHILD, "wonder-land-1")).status_code == 200


def test_an_organization_is_chosen_by_the_administrator_only(fresh: ApiNode) -> None:
    made = fresh.ask("PUT", "/restcomm/2012-04-24/Organizations/tenant.json").json()
    form = {**KIM, "OrganizationSid": made["sid"]}
    assert fresh.ask("POST", f"{ACCOUNTS}.json", account=CHILD, data=form).status_code == 403
    assert fresh.ask("POST", f"{ACCOUNTS}.json", data=form).json()["organization"] == made["sid"]
    nobody = fresh.ask("POST", f"{ACCOUNTS}.json", data={**KIM, "OrganizationSid": "OR" + "9" * 32})
    assert nobody.status_code == 400


def test_a_new_account_is_a_client_too_where_the_login_is_free(fresh: ApiNode) -> None:
    made = fresh.ask("POST", f"{ACCOUNTS}.json", data=KIM).json()
    auth = (made["sid"], made["auth_token"])
    assert [each["login"] for each in fresh.ask("GET", f"{ACCOUNTS}/{made['sid']}/Clients.json", auth=auth).json()] == [
        "kim"
    ]
    other = fresh.ask("POST", f"{ACCOUNTS}.json", data={**KIM, "EmailAddress": "kim@other.example"}).json()
    assert fresh.ask("GET", f"{ACCOUNTS}/{other['sid']}/Clients.json").json() == []
    assert fresh.ask("POST", f"{ACCOUNTS}.json", data=KIM).status_code == 409


def test_the_token_of_a_new_account_is_random_and_works(fresh: ApiNode) -> None:
    first, second = (fresh.ask("POST", "/2010-04-01/Accounts.json", data={"FriendlyName": name}) for name in "ab")
    assert (first.status_code, first.json()["status"]) == (201, "active")
    assert first.json()["auth_token"] != second.json()["auth_token"]
    assert first.json()["auth_token"] not in TOKENS.values()
    auth = (first.json()["sid"], first.json()["auth_token"])
    assert fresh.ask("GET", f"/2010-04-01/Accounts/{auth[0]}.json", auth=auth).json()["friendly_name"] == "a"
    assert fresh.ask("GET", f"{RESTCOMM}/Calls.json", auth=auth).status_code == 403


@pytest.mark.parametrize(
    "form",
    [
        {"Password": "wonder-land-1"},
        {"EmailAddress": "kim@example.org"},
        {"EmailAddress": "kim", "Password": "wonder-land-1"},
        {"EmailAddress": "k=m@example.org", "Password": "wonder-land-1"},
        {"EmailAddress": "kim@example.org", "Password": "short"},
        {"EmailAddress": "kim@example.org", "Password": "wonder-land-1", "Status": "closed"},
        {"EmailAddress": "kim@example.org", "Password": "wonder-land-1", "Status": "dormant"},
        {"EmailAddress": "kim@example.org", "Password": "wonder-land-1", "Role": "King"},
    ],
)
def test_what_a_new_account_cannot_be_is_refused(node: ApiNode, form: dict[str, str]) -> None:
    answer = node.ask("POST", f"{ACCOUNTS}.json", data=form)
    assert answer.status_code == 400
    assert "wonder" not in answer.text
