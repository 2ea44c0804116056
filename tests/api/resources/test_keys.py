from __future__ import annotations

import pytest
from twilio.rest import Client

from tests.support.api_node import RESTCOMM, TWILIO, ApiNode
from tests.support.databases import ADMINISTRATOR, CHILD


def test_a_key_logs_in_until_it_is_deleted_and_its_secret_is_shown_once(fresh: ApiNode) -> None:
    made = fresh.ask("POST", f"{TWILIO}/Keys.json", data={"FriendlyName": "laptop"})
    assert made.status_code == 201
    key = made.json()
    auth = (key["sid"], key["secret"])
    assert key["sid"].startswith("SK")
    assert fresh.ask("GET", f"{TWILIO}/Calls.json", auth=auth).status_code == 200
    assert fresh.ask("GET", f"{TWILIO}/Calls.json", auth=(key["sid"], "x" * 32)).status_code == 401
    for path in (f"{TWILIO}/Keys.json", f"{TWILIO}/Keys/{key['sid']}.json"):
        assert key["secret"] not in fresh.ask("GET", path).text
    renamed = fresh.ask("POST", f"{TWILIO}/Keys/{key['sid']}.json", data={"FriendlyName": "desk"})
    assert renamed.json()["friendly_name"] == "desk"
    assert fresh.ask("DELETE", f"{TWILIO}/Keys/{key['sid']}.json").status_code == 204
    assert fresh.ask("GET", f"{TWILIO}/Calls.json", auth=auth).status_code == 401


def test_a_standard_key_reaches_neither_keys_nor_accounts_nor_the_auth_token(fresh: ApiNode) -> None:
    key = fresh.ask("POST", f"{TWILIO}/Keys.json").json()
    auth = (key["sid"], key["secret"])
    assert fresh.ask("GET", f"{TWILIO}/Keys.json", auth=auth).status_code == 403
    assert fresh.ask("POST", f"{TWILIO}/Keys.json", auth=auth, data={"KeyType": "main"}).status_code == 403
    assert fresh.ask("DELETE", f"{TWILIO}/Keys/{key['sid']}.json", auth=auth).status_code == 403
    assert fresh.ask("POST", "/2010-04-01/Accounts.json", auth=auth).status_code == 403
    assert (
        fresh.ask("POST", f"/2010-04-01/Accounts/{CHILD}.json", auth=auth, data={"Status": "closed"}).status_code == 403
    )
    assert fresh.ask("GET", f"{TWILIO}.json", auth=auth).json()["auth_token"] == ""
    assert fresh.ask("GET", f"/2010-04-01/Accounts/{CHILD}/Calls.json", auth=auth).status_code == 200


def test_a_main_key_may_what_the_account_may(fresh: ApiNode) -> None:
    key = fresh.ask("POST", f"{RESTCOMM}/Keys.json", data={"KeyType": "main"}).json()
    auth = (key["sid"], key["secret"])
    assert fresh.ask("GET", f"{TWILIO}/Keys.json", auth=auth).status_code == 200
    assert fresh.ask("POST", "/2010-04-01/Accounts.json", auth=auth).status_code == 201


def test_keys_are_the_accounts_own(fresh: ApiNode) -> None:
    sid = fresh.ask("POST", f"{TWILIO}/Keys.json").json()["sid"]
    assert fresh.ask("GET", f"/2010-04-01/Accounts/{CHILD}/Keys/{sid}.json").status_code == 404
    assert fresh.ask("GET", f"{TWILIO}/Keys/{sid}.json", account=CHILD).status_code == 403
    assert fresh.ask("GET", f"/2010-04-01/Accounts/{CHILD}/Keys.json", account=CHILD).json()["keys"] == []


def test_the_keys_of_a_suspended_account_open_nothing(fresh: ApiNode) -> None:
    key = fresh.ask("POST", f"/2010-04-01/Accounts/{CHILD}/Keys.json", data={"KeyType": "main"}).json()
    auth = (key["sid"], key["secret"])
    theirs = f"/2010-04-01/Accounts/{CHILD}"
    assert fresh.ask("GET", f"{theirs}/Calls.json", auth=auth).status_code == 200
    fresh.ask("POST", f"{theirs}.json", data={"Status": "suspended"})
    assert fresh.ask("GET", f"{theirs}/Calls.json", auth=auth).status_code == 403
    fresh.ask("POST", f"{theirs}.json", data={"Status": "closed"})
    assert fresh.ask("GET", f"{theirs}/Calls.json", auth=auth).status_code == 401


def test_the_common_client_makes_and_lists_keys(node: ApiNode, client: Client) -> None:
    account = client.api.v2010.accounts(ADMINISTRATOR)
    made = account.new_keys.create(friendly_name="ci")
    assert made.secret
    assert made.sid in [each.sid for each in account.keys.list()]
    assert account.keys(made.sid).fetch().friendly_name == "ci"
    assert account.keys(made.sid).delete()


@pytest.mark.parametrize("form", [{"KeyType": "golden"}, {"FriendlyName": "x" * 300}])
def test_a_key_of_another_kind_is_refused(node: ApiNode, form: dict[str, str]) -> None:
    assert node.ask("POST", f"{TWILIO}/Keys.json", data=form).status_code == 400
