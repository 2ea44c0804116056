from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from offhook.api.settings import ApiSettings
from offhook.calls.events import (
    ApplicationAsked,
    CallCreated,
    CallEnded,
    CallFacts,
    Heard,
    Noticed,
    RecordingEnded,
    RecordingStarted,
)
from offhook.vocabulary.sids import AccountSid, CallSid, NotificationSid, RecordingSid
from offhook.vocabulary.statuses import NoticeLevel
from tests.support.api_node import ApiNode, api_node
from tests.support.databases import ADMINISTRATOR, CHILD, NOW

CALLS = f"/2010-04-01/Accounts/{ADMINISTRATOR}/Calls"
ACCOUNT = AccountSid(ADMINISTRATOR)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[ApiNode]:
    with api_node(tmp_path, settings=ApiSettings(port=0, streams=1)) as found:
        yield found


def make_call(node: ApiNode) -> CallFacts:
    form = {"To": "1", "From": "2", "Twiml": "<Response/>"}
    sid = CallSid(node.ask("POST", f"{CALLS}.json", data=form).json()["sid"])
    facts = node.calls.live(sid)
    assert facts is not None
    node.tell(CallCreated(call=facts, at=NOW))
    return facts


def read(answer: requests.Response) -> list[dict[str, object]]:
    return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]


def test_a_call_is_followed_from_its_beginning_to_its_end(node: ApiNode) -> None:
    call = make_call(node)
    node.tell(Heard(call_sid=call.sid, account_sid=ACCOUNT, what="say", text="Grüß\nGott", at=NOW))
    with node.ask("GET", f"{CALLS}/{call.sid}/EventStream", stream=True) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(lines) == b"event: status"
        refused = node.ask("GET", f"{CALLS}/{call.sid}/EventStream")
        assert (refused.status_code, refused.json()["code"]) == (429, 20429)
        asked = ApplicationAsked(
            call_sid=call.sid,
            account_sid=ACCOUNT,
            url="http://user:secret@x.example/menu?a=1",
            method="POST",
            parameters=(("Digits", "42"),),
            status=200,
            content_type="text/xml",
            elapsed=0.01234,
            at=NOW,
        )
        noticed = Noticed(
            sid=NotificationSid("NO" + "0" * 32),
            account_sid=ACCOUNT,
            call_sid=call.sid,
            level=NoticeLevel.WARNING,
            code=13510,
            message="loop",
            at=NOW,
        )
        recording = RecordingSid("RE" + "0" * 32)
        started = RecordingStarted(
            sid=recording,
            account_sid=ACCOUNT,
            call_sid=call.sid,
            path="/x",
            channels=1,
            source="RecordVerb",
            at=NOW,
        )
        over = RecordingEnded(
            sid=recording, account_sid=ACCOUNT, call_sid=call.sid, duration=1500, absent=False, at=NOW
        )
        for event in (asked, noticed, started, over, CallEnded(call=call, at=NOW)):
            node.tell(event)
        rest = b"\n".join(lines).decode()
    events = [json.loads(line[6:]) for line in rest.splitlines() if line.startswith("data: ")]
    assert [each["event"] for each in events] == [
        "status",
        "heard",
        "asked",
        "noticed",
        "recording",
        "recording",
        "status",
    ]
    assert events[0]["status"] == "queued"
    assert (events[1]["what"], events[1]["text"]) == ("say", "Grüß\nGott")
    assert (events[2]["url"], events[2]["elapsed"]) == ("http://x.example/menu?a=1", 0.012)
    assert "42" not in json.dumps(events[2])
    assert (events[3]["log"], events[3]["error_code"]) == ("1", 13510)
    assert (events[5]["status"], events[5]["duration"]) == ("completed", 1.5)


def test_a_stream_is_taken_up_again_where_it_broke_off(node: ApiNode) -> None:
    call = make_call(node)
    for text in ("a", "b"):
        node.tell(Heard(call_sid=call.sid, account_sid=ACCOUNT, what="say", text=text, at=NOW))
    node.tell(CallEnded(call=call, at=NOW))
    answer = node.ask("GET", f"{CALLS}/{call.sid}/EventStream", headers={"Last-Event-ID": "1"})
    assert [each.get("text") for each in read(answer)] == ["b", None]
    for nonsense in ("x", "-5", "²", "9" * 40):
        whole = node.ask("GET", f"{CALLS}/{call.sid}/EventStream", headers={"Last-Event-ID": nonsense.encode()})
        assert len(read(whole)) == 4


def test_of_a_call_long_over_its_end_is_told(node: ApiNode) -> None:
    form = {"To": "1", "From": "2", "Twiml": "<Response/>"}
    sid = node.ask("POST", f"{CALLS}.json", data=form).json()["sid"]
    node.ask("POST", f"{CALLS}/{sid}.json", data={"Status": "completed"})
    (event,) = read(node.ask("GET", f"{CALLS}/{sid}/EventStream"))
    assert (event["event"], event["status"]) == ("status", "completed")


def test_nobody_follows_a_call_of_somebody_else(node: ApiNode) -> None:
    call = make_call(node)
    theirs = f"/2010-04-01/Accounts/{CHILD}/Calls/{call.sid}/EventStream"
    assert node.ask("GET", theirs, account=CHILD).status_code == 404
    assert node.ask("GET", f"{CALLS}/CA{'0' * 32}/EventStream").status_code == 404


def test_open_streams_end_when_the_server_stops(tmp_path: Path) -> None:
    with api_node(tmp_path / "other") as node:
        call = make_call(node)
        answer = node.ask("GET", f"{CALLS}/{call.sid}/EventStream", stream=True)
        assert next(answer.iter_lines()) == b"event: status"
    assert b"event" not in answer.raw.read()[60:]
    answer.close()
