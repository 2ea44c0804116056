from __future__ import annotations

import pytest

from tests.support.api_node import TWILIO, ApiNode


def test_a_route_is_made_changed_listed_and_deleted(fresh: ApiNode) -> None:
    made = fresh.ask("POST", f"{TWILIO}/Routes.json", data={"Pattern": "+49", "Trunks": "carrier, reserve"})
    assert made.status_code == 201, made.text
    route = made.json()
    assert route["sid"].startswith("RT")
    assert (route["pattern"], route["trunks"], route["priority"]) == ("+49", "carrier\nreserve", 10)
    path = f"{TWILIO}/Routes/{route['sid']}.json"
    changed = fresh.ask("POST", path, data={"Pattern": "", "Trunks": "", "Priority": "1"}).json()
    assert (changed["pattern"], changed["trunks"], changed["priority"]) == ("", "", 1)
    assert [one["sid"] for one in fresh.ask("GET", f"{TWILIO}/Routes.json").json()["routes"]] == [route["sid"]]
    assert fresh.ask("DELETE", path).status_code == 204
    assert fresh.ask("GET", path).status_code == 404
    assert len(fresh.directory_changes) == 3


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"Pattern": "+49 89"}, "neither a prefix"),
        ({"Pattern": "^("}, "no regular expression"),
        ({"Trunks": ",".join(map(str, range(21)))}, "more than 20"),
        ({"Priority": "first"}, "whole number"),
    ],
)
def test_a_route_that_cannot_be_used_is_refused_with_the_reason(node: ApiNode, form: dict[str, str], said: str) -> None:
    answer = node.ask("POST", f"{TWILIO}/Routes.json", data=form)
    assert answer.status_code == 400
    assert said in answer.json()["message"]
