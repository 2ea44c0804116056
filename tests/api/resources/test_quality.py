from __future__ import annotations

from offhook.calls.events import CallMeasured
from offhook.media.events import Statistics
from offhook.records.recorder import Recorder
from offhook.vocabulary.sids import AccountSid, CallSid
from tests.support.api_node import RESTCOMM, TWILIO, ApiNode, make_call
from tests.support.databases import ADMINISTRATOR, STRANGER

SEEN = Statistics(
    codec_sent="PCMA",
    codec_received="OPUS",
    packets_sent=500,
    packets_received=495,
    packets_lost=5,
    mos=4.1234,
    jitter=2.5,
)


def test_a_live_call_is_measured_now_and_one_that_ended_as_it_was_at_the_end(node: ApiNode) -> None:
    sid = make_call(node)
    node.calls.qualities[CallSid(sid)] = SEEN
    live = node.ask("GET", f"{TWILIO}/Calls/{sid}/Quality.json").json()
    assert (live["live"], live["packets_lost"], live["mos"], live["round_trip"]) == (True, 5, 4.12, None)
    assert "<CodecReceived>OPUS</CodecReceived>" in node.ask("GET", f"{RESTCOMM}/Calls/{sid}/Quality").text
    node.run(node.calls.hangup(CallSid(sid)))
    assert node.ask("GET", f"{TWILIO}/Calls/{sid}/Quality.json").status_code == 404

    async def end() -> None:
        recorder = Recorder(clock=node.clock, node="here", heartbeat=10)
        measured = CallMeasured(
            call_sid=CallSid(sid), account_sid=AccountSid(ADMINISTRATOR), quality=SEEN, at=node.clock.utc()
        )
        async with node.ports.database.batch() as connection:
            await recorder.write(connection, [measured])

    node.run(end())
    ended = node.ask("GET", f"{TWILIO}/Calls/{sid}/Quality.json").json()
    assert ended == {**live, "live": False}
    assert node.ask("DELETE", f"{TWILIO}/Calls/{sid}.json").status_code == 204
    assert node.ask("GET", f"{TWILIO}/Calls/{sid}/Quality.json").status_code == 404


def test_a_call_of_others_or_without_audio_is_not_found(node: ApiNode) -> None:
    sid = make_call(node)
    silent = node.ask("GET", f"{TWILIO}/Calls/{sid}/Quality.json")
    assert (silent.status_code, "no audio has passed" in silent.text) == (404, True)
    node.calls.qualities[CallSid(sid)] = SEEN
    path = f"{TWILIO}/Calls/{sid}/Quality.json".replace(ADMINISTRATOR, STRANGER)
    assert node.ask("GET", path, account=STRANGER).status_code == 404
