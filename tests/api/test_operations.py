from __future__ import annotations

from tests.support.api_node import (
    TWILIO,
    ApiNode,
)


def test_forms_may_be_multipart_and_unknown_parameters_are_ignored(node: ApiNode) -> None:
    fields = {"To": (None, "1000"), "From": (None, "1001"), "Twiml": (None, "<Response/>"), "Nonsense": (None, "1")}
    answer = node.ask("POST", f"{TWILIO}/Calls.json", files=fields)
    assert answer.status_code == 201, answer.text
    assert node.ask("POST", f"{TWILIO}/Calls.json", json={"To": "1"}).status_code == 415
    bad = node.ask("POST", f"{TWILIO}/Calls.json", data=b"junk", headers={"Content-Type": "multipart/form-data"})
    assert bad.status_code == 400
