from __future__ import annotations

import pytest

from tests.support.api_node import ApiNode
from tests.support.databases import ADMINISTRATOR, CHILD, GRANDCHILD


def path(account: str) -> str:
    return f"/2010-04-01/Accounts/{account}/Limits.json"


def test_who_stands_above_sets_the_limits_and_the_account_sees_them(fresh: ApiNode) -> None:
    assert fresh.ask("GET", path(CHILD), account=CHILD).json()["max_calls"] is None
    given = {"MaxCalls": "5", "CallsPerSecond": "1.5", "Destinations": "DE, !premium"}
    assert fresh.ask("POST", path(CHILD), data=given).status_code == 200
    seen = fresh.ask("GET", path(CHILD), account=CHILD).json()
    assert (seen["max_calls"], seen["calls_per_second"], seen["destinations"]) == (5, 1.5, "DE,!premium")
    assert fresh.ask("POST", path(GRANDCHILD), data={"MaxCalls": "2"}, account=CHILD).status_code == 200
    below = fresh.ask("GET", path(GRANDCHILD), account=GRANDCHILD).json()
    assert (below["max_calls"], below["calls_per_second"]) == (2, 1.5)
    assert len(fresh.directory_changes) == 2
    assert fresh.ask("DELETE", path(GRANDCHILD)).status_code == 204
    assert fresh.ask("DELETE", path(GRANDCHILD)).status_code == 204
    after = fresh.ask("GET", path(GRANDCHILD)).json()
    assert (after["max_calls"], after["date_updated"]) == (5, None)


def test_nobody_sets_his_own_limits_but_the_administrator(fresh: ApiNode) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert fresh.ask(method, path(CHILD), data={"MaxCalls": "0"}, account=CHILD).status_code == 403
    assert fresh.ask("POST", path(ADMINISTRATOR), data={"MaxCalls": "50"}).json()["max_calls"] == 50
    emptied = fresh.ask("POST", path(ADMINISTRATOR), data={"Destinations": ""}).json()
    assert (emptied["max_calls"], emptied["destinations"]) == (50, "")


@pytest.mark.parametrize("wrong", [{"MaxCalls": "-1"}, {"CallsPerSecond": "-1"}, {"Destinations": "DE,Mars"}])
def test_a_limit_that_means_nothing_is_named(fresh: ApiNode, wrong: dict[str, str]) -> None:
    (name,) = wrong
    refused = fresh.ask("POST", path(CHILD), data=wrong)
    assert refused.status_code == 400
    assert name in refused.json()["message"]
