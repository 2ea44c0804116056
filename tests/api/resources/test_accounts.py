from __future__ import annotations

from tests.support.api_node import EMAIL, TOKENS, ApiNode
from tests.support.databases import ADMINISTRATOR, CHILD, GRANDCHILD


def test_the_list_holds_the_account_and_all_below_it(node: ApiNode) -> None:
    listed = node.ask("GET", "/2010-04-01/Accounts.json", account=CHILD).json()["accounts"]
    assert [each["sid"] for each in listed] == [GRANDCHILD, CHILD]
    assert {each["sid"]: each["auth_token"] for each in listed} == {sid: TOKENS[sid] for sid in (CHILD, GRANDCHILD)}
    assert node.ask("GET", "/2010-04-01/Accounts.json?Status=closed").json()["accounts"] == []


def test_an_account_is_fetched_by_sid_or_address_with_the_fields_of_its_dialect(node: ApiNode) -> None:
    theirs = node.ask("GET", f"/2010-04-01/Accounts/{CHILD}.json").json()
    assert theirs["owner_account_sid"] == ADMINISTRATOR
    assert "email_address" not in theirs
    ours = node.ask("GET", f"/restcomm/2012-04-24/Accounts.json/{EMAIL}").json()
    assert (ours["sid"], ours["email_address"], ours["role"]) == (ADMINISTRATOR, EMAIL, "Administrator")
    assert "owner_account_sid" not in ours
