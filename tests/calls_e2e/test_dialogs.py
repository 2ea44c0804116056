"""Dialogs with SIPp as the other side: PRACK, UPDATE, forks, late offers, session timers, and a line that loses."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest

from tests.calls_e2e.server import Server
from tests.calls_e2e.sipp import Sipp
from tests.support import audio, g711
from tests.support.audio import sine


def hello(server, app, tmp_path, number):
    app.pages["/play"] = "<Response><Play loop='0'>/tone.wav</Play></Response>"
    app.pages["/tone.wav"] = audio.write_wav(tmp_path / "tone.wav", sine(600, 500)).read_bytes()
    server.add_number(number, app.url("/play"))


def dialling(server, app, number, callee, transport="udp"):
    uri = f"sip:callee@{callee.address};transport={transport}"
    app.pages["/dial"] = f"<Response><Dial answerOnBridge='true' action='/dialled'><Sip>{uri}</Sip></Dial></Response>"
    app.pages["/dialled"] = "<Response><Hangup/></Response>"
    server.add_number(number, app.url("/dial"))


def record_of(server, number):
    end = time.monotonic() + 10
    while True:
        records = [record for record in server.calls() if record["to"] == number]
        if records and records[0]["status"] == "completed":
            return records[0]
        assert time.monotonic() < end, records
        time.sleep(0.1)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_reliable_ringing_passes_from_callee_to_caller(server, app, tmp_path, transport):
    number = {"udp": "5001", "tcp": "5002"}[transport]
    with Sipp(tmp_path / "callee", "callee_rings_reliably", calls=1, hold=500) as callee:
        dialling(server, app, number, callee)
        caller = Sipp(
            tmp_path / "caller",
            "caller_pracks",
            server.sip(transport),
            service=number,
            calls=1,
            hold=500,
            transport=transport,
        ).run()
        far = callee.ended()
    assert (caller.successful, far.successful) == (1, 1), caller.errors + far.errors
    assert app.wait_for("/dialled").parameters["DialCallStatus"] == "completed"


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_either_side_changes_the_session_by_update(server, app, tmp_path, transport):
    number = {"udp": "5003", "tcp": "5013"}[transport]
    with Sipp(tmp_path / "callee", "callee_updates", calls=1, transport=transport) as callee:
        dialling(server, app, number, callee, transport)
        caller = Sipp(
            tmp_path / "caller",
            "caller_updates",
            server.sip(transport),
            service=number,
            calls=1,
            hold=1000,
            transport=transport,
        ).run()
        far = callee.ended()
    assert (caller.successful, far.successful) == (1, 1), caller.errors + far.errors


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_of_two_phones_behind_a_proxy_that_answer_the_second_is_hung_up(server, app, tmp_path, transport):
    with Sipp(tmp_path / "callee", "callee_forks", calls=1, transport=transport) as callee:
        number = {"udp": "5004", "tcp": "5014"}[transport]
        dialling(server, app, number, callee, transport)
        caller = Sipp(tmp_path / "caller", "caller_hangs_up", server.sip(), service=number, calls=1, hold=1000).run()
        far = callee.ended()
    assert (caller.successful, far.successful) == (1, 1), caller.errors + far.errors


def test_a_caller_without_offer_gets_ours_and_is_heard(server, app, tmp_path):
    app.pages["/record"] = (
        "<Response><Record maxLength='2' timeout='0' playBeep='false' action='/recorded'/></Response>"
    )
    app.pages["/recorded"] = "<Response><Pause length='10'/></Response>"
    server.add_number("5005", app.url("/record"))
    (tmp_path / "caller").mkdir()
    (tmp_path / "caller" / "speech.ulaw").write_bytes(g711.encode(sine(700, 4000)))
    outcome = Sipp(tmp_path / "caller", "caller_offers_late", server.sip(), service="5005", calls=1, hold=3500).run()
    assert outcome.successful == 1, outcome.errors
    recorded = app.wait_for("/recorded")
    path = tmp_path / "recorded.wav"
    path.write_bytes(server.request(f"Recordings/{recorded.parameters['RecordingSid']}.wav"))
    samples, _ = audio.read_wav(path)
    assert audio.presence(samples, 700) >= 1500


def test_a_caller_without_offer_gets_ours_before_the_answer_where_it_is_sure_to_arrive(server, app, tmp_path):
    (tmp_path / "callee").mkdir()
    (tmp_path / "callee" / "speech.ulaw").write_bytes(g711.encode(sine(700, 2000)))
    with Sipp(tmp_path / "callee", "callee_announces_and_answers", calls=1, hold=1000) as callee:
        dialling(server, app, "5011", callee)
        caller = Sipp(
            tmp_path / "caller", "caller_offers_late_and_pracks", server.sip(), service="5011", calls=1, hold=500
        ).run()
        far = callee.ended()
    assert (caller.successful, far.successful) == (1, 1), caller.errors + far.errors


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_session_that_is_too_short_is_asked_for_again(server, app, tmp_path, transport):
    number = {"udp": "5006", "tcp": "5016"}[transport]
    hello(server, app, tmp_path, number)
    outcome = Sipp(
        tmp_path / "caller",
        "caller_asks_too_little",
        server.sip(transport),
        service=number,
        calls=3,
        hold=300,
        transport=transport,
    ).run()
    assert (outcome.successful, outcome.failed) == (3, 0), outcome.errors


def test_calls_are_refreshed_and_those_that_nobody_refreshes_end_with_their_reason(server, app, tmp_path):
    for number in ("5007", "5008"):
        hello(server, app, tmp_path, number)
    runs = [
        Sipp(
            tmp_path / f"{scenario}-{way}",
            scenario,
            server.sip(way),
            service=number,
            calls=2,
            patience=90,
            transport=way,
        )
        for scenario, number in (("caller_is_refreshed", "5007"), ("caller_never_refreshes", "5008"))
        for way in ("udp", "tcp")
    ]
    with ExitStack() as stack:
        for one in runs:
            stack.enter_context(one)
        outcomes = [one.ended() for one in runs]
    assert [outcome.successful for outcome in outcomes] == [2, 2, 2, 2], outcomes
    record = record_of(server, "5008")
    assert 58 <= int(record["duration"]) <= 63
    assert "session timer" in record["reason"]


def test_calls_connect_and_end_on_a_line_that_loses_every_tenth_message(server, app, tmp_path):
    hello(server, app, tmp_path, "5009")
    outcome = Sipp(
        tmp_path / "caller", "caller_hangs_up", server.sip(), service="5009", calls=40, rate=20, hold=500, lost=10
    ).run()
    assert (outcome.successful, outcome.failed) == (40, 0), outcome.errors
    assert outcome.retransmissions > 0


def test_a_far_end_that_falls_silent_is_hung_up_with_that_reason(app, tmp_path):
    with Server(tmp_path / "server", media_rtp_timeout="2") as impatient:
        app.auth_token = impatient.ready["auth_token"]
        hello(impatient, app, tmp_path, "5010")
        outcome = Sipp(tmp_path / "caller", "caller_listens", impatient.sip(), service="5010", calls=1).run()
        assert outcome.successful == 1, outcome.errors
        assert "no audio came from the far end for 2 s" in record_of(impatient, "5010")["reason"]
