from __future__ import annotations

from tests.support.api_node import RESTCOMM, ApiNode


def test_an_application_may_hold_its_document(fresh: ApiNode) -> None:
    document = "<Response><Say>Hi &amp; bye</Say></Response>"
    made = fresh.ask("POST", f"{RESTCOMM}/Applications.json", data={"FriendlyName": "Inline", "Rcml": document}).json()
    assert made["rcml"] == document
    fresh.ask("POST", f"{RESTCOMM}/Calls", data={"To": "1", "From": "2", "ApplicationSid": made["sid"]})
    assert fresh.calls.orders[-1].application.document == document
    changed = fresh.ask(
        "PUT", f"{RESTCOMM}/Applications/{made['sid']}.json", data={"Rcml": "", "RcmlUrl": "http://y.example/"}
    )
    assert (changed.json()["rcml"], changed.json()["voice_url"]) == (None, "http://y.example/")
    large = {"FriendlyName": "x", "Rcml": "x" * 65_537}
    assert fresh.ask("POST", f"{RESTCOMM}/Applications", data=large).status_code == 400
