from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from offhook.calls.control import RecordingChange
from offhook.calls.events import StatusCallback
from offhook.media.recording import Track
from tests.support.api_node import TWILIO, ApiNode, PretendedCalls, PretendedRecordings, api_node


@pytest.fixture
def node(tmp_path: Path) -> Iterator[ApiNode]:
    with api_node(tmp_path) as found:
        yield found


def make_call(node: ApiNode, *, answered: bool = True) -> str:
    answer = node.ask("POST", f"{TWILIO}/Calls.json", data={"To": "1", "From": "2", "Twiml": "<Response/>"})
    sid = str(answer.json()["sid"])
    if answered:
        cast("PretendedCalls", node.ports.calls).answer(sid)
    return sid


def asked(node: ApiNode) -> PretendedRecordings:
    return cast("PretendedRecordings", node.ports.live_recordings)


def test_a_call_in_progress_is_recorded_as_asked(node: ApiNode) -> None:
    call = make_call(node)
    form = {
        "RecordingChannels": "dual",
        "RecordingTrack": "outbound",
        "Trim": "trim-silence",
        "RecordingStatusCallback": "https://app.test/r",
        "RecordingStatusCallbackEvent": "in-progress absent",
    }
    answer = node.ask("POST", f"{TWILIO}/Calls/{call}/Recordings.json", data=form)
    made = answer.json()
    assert answer.status_code == 201
    assert (made["call_sid"], made["status"], made["channels"], made["track"], made["source"]) == (
        call,
        "in-progress",
        2,
        "outbound",
        "StartCallRecordingAPI",
    )
    order = asked(node).orders[-1]
    assert (order.channels, order.track, order.trim) == (2, Track.OUTBOUND, True)
    assert order.callback == StatusCallback(url="https://app.test/r", events=frozenset({"in-progress", "absent"}))
    node.ask("POST", f"{TWILIO}/Calls/{call}/Recordings.json")
    plain = asked(node).orders[-1]
    assert (plain.channels, plain.track, plain.trim, plain.callback) == (1, Track.BOTH, False, None)


@pytest.mark.parametrize(
    ("form", "change"),
    [
        ({"Status": "paused"}, RecordingChange.PAUSE_SILENCE),
        ({"Status": "paused", "PauseBehavior": "skip"}, RecordingChange.PAUSE_SKIP),
        ({"Status": "in-progress"}, RecordingChange.RESUME),
        ({"Status": "stopped"}, RecordingChange.STOP),
    ],
)
def test_a_recording_under_way_is_changed_by_its_sid_or_as_the_current_one(
    node: ApiNode, form: dict[str, str], change: RecordingChange
) -> None:
    call = make_call(node)
    sid = node.ask("POST", f"{TWILIO}/Calls/{call}/Recordings.json").json()["sid"]
    for name, meant in ((sid, sid), ("Twilio.CURRENT", None)):
        answer = node.ask("POST", f"{TWILIO}/Calls/{call}/Recordings/{name}.json", data=form)
        assert answer.status_code == 200, answer.text
        assert answer.json()["sid"] == sid
        assert asked(node).changes[-1] == (meant, change)


def test_what_cannot_be_done_is_refused_with_the_code_that_clients_know(node: ApiNode) -> None:
    ringing, call = make_call(node, answered=False), make_call(node)
    refusals = (
        (f"Calls/{ringing}/Recordings.json", {}, 21220),
        (f"Calls/CA{'0' * 32}/Recordings.json", {}, 20404),
        (f"Calls/{call}/Recordings.json", {"RecordingStatusCallback": "ftp://x"}, 21609),
        (f"Calls/{call}/Recordings.json", {"RecordingStatusCallbackEvent": "begun"}, 21609),
        (f"Calls/{call}/Recordings.json", {"RecordingChannels": "three"}, 20001),
        (f"Calls/{call}/Recordings/Twilio.CURRENT.json", {"Status": "stopped"}, 21220),
        (f"Calls/{call}/Recordings/Twilio.CURRENT.json", {"Status": "asleep"}, 20001),
    )
    for path, form, code in refusals:
        assert node.ask("POST", f"{TWILIO}/{path}", data=form).json()["code"] == code, path


def test_a_new_call_may_be_recorded_from_its_answer_on(node: ApiNode) -> None:
    form = {"To": "1", "From": "2", "Twiml": "<Response/>", "TimeLimit": "60", "RecordingChannels": "dual"}
    orders = cast("PretendedCalls", node.ports.calls).orders
    node.ask("POST", f"{TWILIO}/Calls.json", data=form)
    assert orders[-1].record is None
    node.ask("POST", f"{TWILIO}/Calls.json", data={**form, "Record": "true"})
    record = orders[-1].record
    assert record is not None
    assert (record.source, record.channels, record.track, record.max_length) == ("OutboundAPI", 2, Track.BOTH, 60_000)
