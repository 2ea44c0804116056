from __future__ import annotations

from tests.support.api_node import (
    RESTCOMM,
    TWILIO,
    ApiNode,
)


def test_what_does_not_exist_and_what_is_not_allowed_is_told_in_the_dialect(node: ApiNode) -> None:
    missing = node.ask("GET", f"{TWILIO}/Nothing.json")
    assert (missing.status_code, missing.json()["code"], missing.json()["status"]) == (404, 20404, 404)
    assert missing.json()["more_info"] == f"{node.url}/docs#error-20404"
    assert node.ask("DELETE", f"{TWILIO}/Calls.json").status_code == 405
    refused = node.ask("GET", f"{RESTCOMM}/Nothing")
    assert refused.headers["content-type"].startswith("application/xml")
    assert "<RestcommResponse><Message>" in refused.text
    for odd in ("%00", "..%2f..", "CA" + "g" * 32, "x" * 3000):
        assert node.ask("GET", f"{TWILIO}/Calls/{odd}.json").status_code == 404, odd
