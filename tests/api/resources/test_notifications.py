from __future__ import annotations

from offhook.store import notifications
from tests.support.api_node import RESTCOMM, TWILIO, ApiNode, make_call
from tests.support.databases import ADMINISTRATOR, NOW


def test_notifications_are_listed_in_short_and_fetched_in_full(node: ApiNode) -> None:
    call = make_call(node)
    sid = node.ports.sids("notification")
    row = {
        "sid": sid,
        "account_sid": ADMINISTRATOR,
        "call_sid": call,
        "log": "0",
        "error_code": 12100,
        "message_text": "Bad XML & <more>",
        "message_date": NOW,
        "request_url": "http://x.example/",
        "request_method": "POST",
        "request_variables": "A=1",
        "response_headers": None,
        "response_body": "\x0bbody",
        "date_created": NOW,
        "date_updated": NOW,
        "api_version": "2012-04-24",
    }

    async def save() -> None:
        async with node.ports.database.batch() as connection:
            await notifications.save(connection, [row])

    node.run(save())
    for path in (f"{TWILIO}/Notifications.json", f"{TWILIO}/Calls/{call}/Notifications.json?Log=0"):
        (found,) = node.ask("GET", path).json()["notifications"]
        assert (found["sid"], found["error_code"]) == (sid, "12100")
        assert "response_body" not in found
    for query in ("Log=1", "ErrorCode=1", "MessageText=good", "MessageDate%3C=2025-01-01", "RequestUrl=elsewhere"):
        assert node.ask("GET", f"{TWILIO}/Notifications.json?{query}").json()["notifications"] == [], query
    full = node.ask("GET", f"{TWILIO}/Calls/{call}/Notifications/{sid}.json").json()
    assert (full["request_variables"], full["response_body"]) == ("A=1", "\x0bbody")
    assert (
        "<MessageText>Bad XML &amp; &lt;more&gt;</MessageText>"
        in node.ask("GET", f"{RESTCOMM}/Notifications/{sid}").text
    )
    assert node.ask("GET", f"{TWILIO}/Calls/{make_call(node)}/Notifications/{sid}.json").status_code == 404
