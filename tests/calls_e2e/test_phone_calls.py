from __future__ import annotations

import time

import pytest

from tests.calls_e2e.baresip import Baresip
from tests.support import audio


@pytest.fixture(scope="module")
def clients(server):
    for login in ("ann", "bob"):
        server.add_client(login, f"secret of {login}".replace(" ", "-"))
    return {login: f"secret-of-{login}" for login in ("ann", "bob")}


@pytest.fixture
def phone(server, clients, tmp_path):
    def ready(login, **more):
        return Baresip(tmp_path / login, login=login, server=server.sip(), password=clients[login], **more)

    return ready


def prompt(app, tmp_path, path, hertz, milliseconds):
    app.pages[path] = audio.write_wav(tmp_path / "prompt.wav", audio.sine(hertz, milliseconds)).read_bytes()


@pytest.mark.parametrize("codec", ["pcmu", "pcma"])
def test_a_registered_phone_hears_the_menu_and_presses_a_key(server, app, phone, tmp_path, codec):
    prompt(app, tmp_path, "/prompt.wav", 600, 3000)
    app.pages["/menu"] = "<Response><Gather numDigits='2' action='/choice'><Play>/prompt.wav</Play></Gather></Response>"
    app.pages["/choice"] = "<Response><Play>/choice.wav</Play><Hangup/></Response>"
    app.pages["/choice.wav"] = audio.write_wav(tmp_path / "choice.wav", audio.sine(900, 600)).read_bytes()
    number = {"pcmu": "3000", "pcma": "3001"}[codec]
    server.add_number(number, app.url("/menu"))
    with phone("ann", codec=codec) as ann:
        ann.registered()
        ann.dial(f"sip:{number}@{server.sip()}")
        ann.until("CALL_ESTABLISHED")
        time.sleep(1.2)
        ann.press("42")
        asked = app.wait_for("/choice", Digits="42")
        ann.until("CALL_CLOSED")
        heard = ann.heard()
    assert "ann" in asked.parameters["From"]
    assert 800 <= audio.presence(heard, 600) < 2800
    assert audio.presence(heard, 900) >= 440  # of 600: the last 100 ms are in the phone's jitter buffer when it ends
    assert [tear for tear in audio.tears(heard[: 8 * 900], 600) if tear.kind == "dropout"] == []


def test_a_phone_records_itself_and_hears_itself(server, app, phone):
    app.pages["/record"] = (
        "<Response><Record maxLength='20' timeout='0' finishOnKey='#' action='/recorded'/></Response>"
    )
    app.pages["/recorded"] = lambda asked: f"<Response><Play>{asked['RecordingUrl']}</Play></Response>"
    server.add_number("3002", app.url("/record"))
    with phone("ann", voice=700) as ann:
        ann.registered()
        ann.dial(f"sip:3002@{server.sip()}")
        ann.until("CALL_ESTABLISHED")
        time.sleep(2.5)
        ann.press("#")
        recorded = app.wait_for("/recorded", Digits="#")
        assert 1 <= float(recorded.parameters["RecordingDuration"]) <= 4
        ann.until("CALL_CLOSED", 20)
        assert audio.presence(ann.heard(), 700) >= 1000


def test_a_phone_hears_its_echo(server, app, phone):
    app.pages["/echo"] = "<Response><Echo/></Response>"
    server.add_number("3003", app.url("/echo"))
    with phone("ann", voice=800) as ann:
        ann.registered()
        ann.dial(f"sip:3003@{server.sip()}")
        ann.until("CALL_ESTABLISHED")
        time.sleep(1.5)
        ann.hang_up()
        ann.until("CALL_CLOSED")
        assert audio.presence(ann.heard(), 800) >= 900


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_dial_rings_a_registered_phone_and_both_hear_each_other(server, app, phone, transport):
    app.pages["/dial"] = "<Response><Dial action='/dialled'><Client>bob</Client></Dial></Response>"
    app.pages["/dialled"] = "<Response><Hangup/></Response>"
    number = {"udp": "3004", "tcp": "3005"}[transport]
    server.add_number(number, app.url("/dial"))
    with phone("ann", voice=600) as ann, phone("bob", voice=900, transport=transport) as bob:
        ann.registered()
        bob.registered()
        ann.dial(f"sip:{number}@{server.sip()}")
        bob.until("CALL_ESTABLISHED")
        ann.until("CALL_ESTABLISHED")
        time.sleep(1.0)
        ann.press("7")
        assert bob.until("CALL_DTMF_START")["param"] == "7"
        time.sleep(1.0)
        bob.hang_up()
        dialled = app.wait_for("/dialled")
        ann.until("CALL_CLOSED")
        assert dialled.parameters["DialCallStatus"] == "completed"
        assert audio.presence(bob.heard(), 600) >= 1000
        assert audio.presence(ann.heard(), 900) >= 1000
        assert audio.presence(ann.heard(), 600) == 0


def test_dial_to_a_phone_that_does_not_answer_times_out(server, app, phone):
    app.pages["/dial"] = "<Response><Dial timeout='2' action='/dialled'><Client>bob</Client></Dial></Response>"
    app.pages["/dialled"] = "<Response><Hangup/></Response>"
    server.add_number("3006", app.url("/dial"))
    with phone("ann") as ann, phone("bob", answers=False) as bob:
        ann.registered()
        bob.registered()
        ann.dial(f"sip:3006@{server.sip()}")
        bob.until("CALL_INCOMING")
        assert app.wait_for("/dialled").parameters["DialCallStatus"] == "no-answer"
        bob.until("CALL_CLOSED")


def test_a_wrong_password_does_not_register(server, clients, tmp_path):
    with Baresip(tmp_path / "ann", login="ann", server=server.sip(), password="guess") as intruder:
        intruder.prints("403 Forbidden")
        assert "OK" not in intruder.command("reginfo")["data"]
