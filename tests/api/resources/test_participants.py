from __future__ import annotations

import pytest

from tests.support.api_conferences import PretendedConference
from tests.support.api_node import ApiNode
from tests.support.databases import CHILD

ANN, BOB = f"CA{1:032x}", f"CA{2:032x}"


@pytest.fixture
def room(fresh: ApiNode) -> PretendedConference:
    made = fresh.conferences.make()
    made.joined_by(1, 2)
    return made


def path(room: PretendedConference, sid: str = "") -> str:
    base = f"/2010-04-01/Accounts/{CHILD}/Conferences/{room.facts.sid}/Participants"
    return f"{base}/{sid}.json" if sid else f"{base}.json"


def test_participants_are_listed_in_the_order_in_which_they_came(fresh: ApiNode, room: PretendedConference) -> None:
    page = fresh.ask("GET", path(room) + "?PageSize=1", account=CHILD).json()
    assert [one["call_sid"] for one in page["participants"]] == [ANN]
    assert [
        one["call_sid"] for one in fresh.ask("GET", page["next_page_uri"], account=CHILD).json()["participants"]
    ] == [BOB]
    one = fresh.ask("GET", path(room, ANN), account=CHILD).json()
    assert (one["label"], one["muted"], one["hold"], one["coaching"]) == ("guest 1", False, False, False)
    older = fresh.ask("GET", path(room).replace("2010-04-01", "restcomm/2012-04-24"), account=CHILD).json()
    assert [one["sid"] for one in older["calls"]] == [ANN, BOB]


def test_mute_hold_and_coach(fresh: ApiNode, room: PretendedConference) -> None:
    def told(**form: str) -> dict[str, object]:
        return dict(fresh.ask("POST", path(room, ANN), data=form, account=CHILD).json())

    assert told(Muted="true")["muted"] is True
    assert told(Mute="false")["muted"] is False
    assert told(Hold="true", HoldUrl="http://a.test/music", HoldMethod="GET")["hold"] is True
    assert room.holds == [("http://a.test/music", "GET")]
    assert [
        one["call_sid"] for one in fresh.ask("GET", path(room) + "?Hold=true", account=CHILD).json()["participants"]
    ] == [ANN]
    coaching = told(CallSidToCoach=BOB)
    assert (coaching["coaching"], coaching["call_sid_to_coach"]) == (True, BOB)
    assert told(Coaching="false")["call_sid_to_coach"] is None
    told(AnnounceUrl="http://a.test/sound")
    assert room.announced == [("http://a.test/sound", "POST", ANN)]
    assert told(EndConferenceOnExit="true")["end_conference_on_exit"] is True


def test_a_participant_is_kicked_once(fresh: ApiNode, room: PretendedConference) -> None:
    assert fresh.ask("DELETE", path(room, ANN), account=CHILD).status_code == 204
    for method in ("DELETE", "GET", "POST"):
        assert fresh.ask(method, path(room, ANN), account=CHILD).status_code == 404
    assert [one.call_sid for one in room.participants] == [BOB]


def test_of_a_conference_that_is_over_nothing_is_found(fresh: ApiNode, room: PretendedConference) -> None:
    fresh.conferences.held.clear()
    assert fresh.ask("GET", path(room), account=CHILD).status_code == 404
