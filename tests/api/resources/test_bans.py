from __future__ import annotations

from offhook.sip.bans import Ban
from tests.support.api_node import RESTCOMM, TWILIO, ApiNode
from tests.support.databases import CHILD


def test_the_administrator_sees_bans_and_lifts_them(fresh: ApiNode) -> None:
    fresh.bans.held = [Ban(source=f"192.0.2.{last}", left=600.4, times=1) for last in (1, 2, 3)]
    page = fresh.ask("GET", f"{TWILIO}/Bans.json?PageSize=2").json()
    assert page["bans"] == [{"source": f"192.0.2.{last}", "seconds_left": 600, "times": 1} for last in (1, 2)]
    assert fresh.ask("GET", page["next_page_uri"]).json()["bans"][0]["source"] == "192.0.2.3"
    assert fresh.ask("DELETE", f"{RESTCOMM}/Bans?Source=192.0.2.2").status_code == 204
    assert fresh.ask("DELETE", f"{RESTCOMM}/Bans?Source=192.0.2.2").status_code == 404
    assert [ban.source for ban in fresh.bans.held] == ["192.0.2.1", "192.0.2.3"]


def test_nobody_else_does(fresh: ApiNode) -> None:
    for method in ("GET", "DELETE"):
        refused = fresh.ask(method, f"/2010-04-01/Accounts/{CHILD}/Bans.json?Source=192.0.2.1", account=CHILD)
        assert (refused.status_code, refused.json()["code"]) == (403, 20006)
