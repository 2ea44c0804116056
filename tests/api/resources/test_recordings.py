from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from offhook.store import recordings
from tests.support.api_node import ApiNode, api_node
from tests.support.databases import ADMINISTRATOR, CHILD, NOW, STRANGER

TWILIO = f"/2010-04-01/Accounts/{ADMINISTRATOR}"
RESTCOMM = f"/restcomm/2012-04-24/Accounts/{ADMINISTRATOR}"
AUDIO = bytes(range(256)) * 8


@pytest.fixture
def node(tmp_path: Path) -> Iterator[ApiNode]:
    with api_node(tmp_path) as found:
        yield found


def make_call(node: ApiNode) -> str:
    answer = node.ask("POST", f"{TWILIO}/Calls.json", data={"To": "1", "From": "2", "Twiml": "<Response/>"})
    return str(answer.json()["sid"])


def record(node: ApiNode, call: str, *, status: str = "completed", account: str = ADMINISTRATOR) -> str:
    sid = node.ports.sids("recording")
    row = {
        "sid": sid,
        "account_sid": account,
        "call_sid": call,
        "status": status,
        "channels": 1,
        "source": "RecordVerb",
        "duration": 2_600,
        "start_time": NOW,
        "date_created": NOW,
        "date_updated": NOW,
        "api_version": "2012-04-24",
    }

    async def save() -> None:
        async with node.ports.database.batch() as connection:
            await recordings.start(connection, [row])

    node.run(save())
    node.ports.recordings.reserve(sid).write_bytes(AUDIO)
    return sid


def test_a_recording_is_listed_for_the_account_and_for_its_call(node: ApiNode) -> None:
    call, other = make_call(node), make_call(node)
    sid, another = record(node, call), record(node, other)
    listed = node.ask("GET", f"{TWILIO}/Recordings.json").json()
    assert [each["sid"] for each in listed["recordings"]] == [another, sid]
    assert listed["recordings"][1]["duration"] == "3"
    assert listed["recordings"][1]["media_url"] == f"{node.url}{TWILIO}/Recordings/{sid}.wav"
    for query in (
        f"CallSid={call}",
        f"CallSid={call}&DateCreated=2026-01-01",
        f"CallSid={call}&DateCreated%3E=2026-01-01",
    ):
        found = node.ask("GET", f"{TWILIO}/Recordings.json?{query}").json()["recordings"]
        assert [each["sid"] for each in found] == [sid], query
    assert node.ask("GET", f"{TWILIO}/Recordings.json?DateCreated%3C=2025-12-31").json()["recordings"] == []
    assert [each["sid"] for each in node.ask("GET", f"{TWILIO}/Calls/{call}/Recordings.json").json()["recordings"]] == [
        sid
    ]
    bare = node.ask("GET", f"{RESTCOMM}/Calls/{call}/Recordings.json").json()
    assert [(each["sid"], each["duration"]) for each in bare] == [(sid, 2.6)]
    assert node.ask("GET", f"{TWILIO}/Calls/{other}/Recordings/{sid}.json").status_code == 404
    assert node.ask("GET", f"{TWILIO}/Calls/{call}/Recordings/{sid}.json").json()["sid"] == sid


def test_audio_comes_whole_or_in_ranges_and_only_to_who_may_hear_it(node: ApiNode) -> None:
    sid = record(node, make_call(node))
    whole = node.ask("GET", f"{TWILIO}/Recordings/{sid}.wav")
    assert (whole.status_code, whole.headers["content-type"], whole.content) == (200, "audio/wav", AUDIO)
    head = node.ask("HEAD", f"{TWILIO}/Recordings/{sid}.wav")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(AUDIO)), b"")
    part = node.ask("GET", f"{RESTCOMM}/Recordings/{sid}.wav", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, AUDIO[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(AUDIO)}"
    assert node.ask("GET", f"{TWILIO}/Recordings/{sid}.wav", account=None).status_code == 401
    assert node.ask("GET", f"{TWILIO}/Recordings/{sid}.wav", account=STRANGER).status_code == 403
    own = f"/2010-04-01/Accounts/{CHILD}/Recordings/{sid}.wav"
    assert node.ask("GET", own, account=CHILD).status_code == 404


def test_the_url_that_webhooks_tell_gives_audio_and_with_json_gives_metadata(node: ApiNode) -> None:
    sid = record(node, make_call(node))
    assert node.ask("GET", f"{TWILIO}/Recordings/{sid}").content == AUDIO
    assert node.ask("GET", f"{TWILIO}/Recordings/{sid}.json").json()["sid"] == sid
    assert f"<Sid>{sid}</Sid>" in node.ask("GET", f"{RESTCOMM}/Recordings/{sid}").text


def test_a_recording_is_deleted_with_its_audio_but_not_while_it_is_made(node: ApiNode) -> None:
    call = make_call(node)
    sid, running = record(node, call), record(node, call, status="in-progress")
    assert node.ask("DELETE", f"{TWILIO}/Recordings/{running}.json").status_code == 409
    assert node.ask("DELETE", f"{TWILIO}/Recordings/{sid}.json").status_code == 204
    assert not node.ports.recordings.path(sid).exists()
    assert node.ask("GET", f"{TWILIO}/Recordings/{sid}.wav").status_code == 404
    node.run(node.ports.recordings.delete(running))
    assert node.ask("GET", f"{TWILIO}/Recordings/{running}.wav").status_code == 404
