from __future__ import annotations

from tests.support.api_node import ApiNode
from tests.support.databases import CHILD, GRANDCHILD

BASE = f"/2010-04-01/Accounts/{CHILD}/Conferences"


def test_live_conferences_are_listed_and_read(fresh: ApiNode) -> None:
    made = fresh.conferences.make()
    fresh.conferences.make(2, name="other")
    fresh.conferences.make(3, account_sid=GRANDCHILD)
    made.joined_by(1)
    seen = fresh.ask("GET", f"{BASE}.json", account=CHILD).json()["conferences"]
    assert {(one["friendly_name"], one["status"]) for one in seen} == {("room", "in-progress"), ("other", "init")}
    only = fresh.ask("GET", f"{BASE}.json?Status=init&FriendlyName=other", account=CHILD).json()["conferences"]
    assert [one["sid"] for one in only] == ["CF" + f"{2:032x}"]
    one = fresh.ask("GET", f"{BASE}/{made.facts.sid}.json", account=CHILD).json()
    assert one["subresource_uris"] == {"participants": f"{BASE}/{made.facts.sid}/Participants.json"}
    assert one["reason_conference_ended"] is None


def test_the_older_dialect_has_statuses_of_its_own(fresh: ApiNode) -> None:
    made = fresh.conferences.make()
    path = f"/restcomm/2012-04-24/Accounts/{CHILD}/Conferences/{made.facts.sid}.json"
    assert fresh.ask("GET", path, account=CHILD).json()["status"] == "RUNNING_MODERATOR_ABSENT"
    made.joined_by(1)
    assert fresh.ask("GET", path, account=CHILD).json()["status"] == "RUNNING_MODERATOR_PRESENT"


def test_a_conference_is_ended(fresh: ApiNode) -> None:
    made = fresh.conferences.make()
    made.joined_by(1, 2)
    path = f"{BASE}/{made.facts.sid}.json"
    assert fresh.ask("POST", path, data={"Other": "1"}, account=CHILD).status_code == 400
    ended = fresh.ask("POST", path, data={"Status": "completed"}, account=CHILD).json()
    assert (ended["status"], ended["reason_conference_ended"]) == ("completed", "conference-ended-via-api")
    assert made.participants == ()


def test_something_is_announced_to_all(fresh: ApiNode) -> None:
    made = fresh.conferences.make()
    made.joined_by(1)
    path = f"{BASE}/{made.facts.sid}.json"
    form = {"AnnounceUrl": "http://a.test/sound", "AnnounceMethod": "get"}
    assert fresh.ask("POST", path, data=form, account=CHILD).json()["status"] == "in-progress"
    assert made.announced == [("http://a.test/sound", "GET", None)]
    assert fresh.ask("POST", path, data={"AnnounceUrl": "nowhere"}, account=CHILD).status_code == 400


def test_what_is_not_there_or_not_ours_is_not_found(fresh: ApiNode) -> None:
    foreign = fresh.conferences.make(3, account_sid=GRANDCHILD)
    for sid in (foreign.facts.sid, "CF" + "0" * 32, "room"):
        assert fresh.ask("GET", f"{BASE}/{sid}.json", account=CHILD).status_code == 404
