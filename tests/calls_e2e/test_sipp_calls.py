from __future__ import annotations

import time

import pytest

from tests.calls_e2e.sipp import Sipp
from tests.support import audio, g711
from tests.support.audio import sine

HELLO = "<Response><Play>/hello.wav</Play><Hangup/></Response>"


@pytest.fixture
def hello(app, tmp_path):
    app.pages["/hello"] = HELLO
    app.pages["/hello.wav"] = audio.write_wav(tmp_path / "hello.wav", sine(600, 500)).read_bytes()
    return app.url("/hello")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_every_caller_hears_the_application_and_is_hung_up(server, app, hello, tmp_path, transport):
    number = number_for(server, {"udp": "2001", "tcp": "2002"}[transport], hello)
    outcome = Sipp(
        tmp_path / "uac",
        "caller_listens",
        server.sip(transport),
        service=number,
        calls=40,
        rate=20,
        transport=transport,
    ).run()
    assert (outcome.successful, outcome.failed) == (40, 0), outcome.errors
    assert len(app.asked("/hello")) == 40
    assert {record["status"] for record in calls_to(server, number, 40)} == {"completed"}


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_the_public_scenario_of_sipp_completes_every_call(server, app, hello, tmp_path, transport):
    app.pages["/long"] = "<Response><Play loop='0'>/hello.wav</Play></Response>"
    number = number_for(server, {"udp": "2005", "tcp": "2006"}[transport], app.url("/long"))
    outcome = Sipp(
        tmp_path / "uac", "uac", server.sip(transport), service=number, calls=40, rate=20, hold=300, transport=transport
    ).run()
    assert (outcome.status, outcome.successful, outcome.failed) == (0, 40, 0), outcome.errors
    assert {record["status"] for record in calls_to(server, number, 40)} == {"completed"}


def test_a_caller_who_dials_an_unknown_number_is_refused(server, tmp_path):
    outcome = Sipp(tmp_path / "uac", "caller_is_refused", server.sip(), service="2999", calls=3).run()
    assert (outcome.successful, outcome.failed) == (3, 0), outcome.errors


def test_a_caller_who_gives_up_while_it_rings_leaves_a_record_of_it(server, app, tmp_path):
    def slowly(_):
        time.sleep(2)
        return "<Response><Hangup/></Response>"

    app.pages["/slow"] = slowly
    number = number_for(server, "2003", app.url("/slow"))
    outcome = Sipp(tmp_path / "uac", "caller_gives_up", server.sip(), service=number, calls=2, hold=100).run()
    assert (outcome.successful, outcome.failed) == (2, 0), outcome.errors
    assert {record["status"] for record in calls_to(server, number, 2)} <= {"canceled", "no-answer"}


def test_what_a_caller_says_is_recorded(server, app, tmp_path):
    app.pages["/record"] = (
        "<Response><Record maxLength='2' timeout='0' playBeep='false' action='/recorded'/></Response>"
    )
    app.pages["/recorded"] = "<Response><Pause length='10'/></Response>"
    number = number_for(server, "2004", app.url("/record"))
    (tmp_path / "uac").mkdir()
    (tmp_path / "uac" / "speech.ulaw").write_bytes(g711.encode(sine(700, 4000)))
    outcome = Sipp(tmp_path / "uac", "caller_speaks", server.sip(), service=number, calls=1, hold=3500).run()
    assert outcome.successful == 1, outcome.errors
    recorded = app.wait_for("/recorded")
    wav = server.request(f"Recordings/{recorded.parameters['RecordingSid']}.wav")
    path = tmp_path / "recorded.wav"
    path.write_bytes(wav)
    samples, rate = audio.read_wav(path)
    assert rate == 8000
    assert audio.presence(samples, 700) >= 1500
    assert [tear for tear in audio.tears(samples, 700) if tear.kind == "dropout"] == []


def number_for(server, number, url):
    server.add_number(number, url)
    return number


def calls_to(server, number, count):
    """Records of calls to a number, once all of them have ended."""
    end = time.monotonic() + 10
    while True:
        records = [record for record in server.calls() if record["to"] == number]
        if len(records) >= count and all(record["status"] not in ("in-progress", "ringing") for record in records):
            return records
        assert time.monotonic() < end, [(record["sid"], record["status"]) for record in records]
        time.sleep(0.2)
