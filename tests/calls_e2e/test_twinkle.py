"""Calls from and to Twinkle, a phone with a SIP stack that nobody else here has."""

from __future__ import annotations

import itertools

import pytest

from tests.calls_e2e.baresip import Baresip
from tests.calls_e2e.twinkle import Twinkle

NUMBERS = itertools.count(1)


@pytest.fixture
def phone(server, tmp_path):
    login = f"twinkle{next(NUMBERS)}"
    server.add_client(login, "secret-of-twinkle")
    with Twinkle(tmp_path / "twinkle", login=login, server=server.sip(), password="secret-of-twinkle") as running:
        running.type("register")
        running.says("registration succeeded")
        yield running


def test_it_registers_calls_presses_a_key_holds_resumes_and_hangs_up(server, app, phone):
    app.pages["/menu"] = "<Response><Gather numDigits='1' action='/chosen'><Pause length='10'/></Gather></Response>"
    app.pages["/chosen"] = "<Response><Echo/></Response>"
    server.add_number("5501", app.url("/menu"))
    phone.type("call 5501")
    phone.says("far end answered call")
    phone.type("dtmf -r 5")
    asked = app.wait_for("/chosen", Digits="5")
    for command in ("hold", "retrieve"):
        phone.type(command)
        phone.says("re-INVITE successful")
    phone.type("bye")
    phone.says("call ended")
    assert asked.parameters["From"] == f"client:{phone.login}"
    server.wait_for_call(asked.parameters["CallSid"], "completed")


def test_it_is_rung_answers_and_is_hung_up(server, app, phone, tmp_path):
    app.pages["/dial"] = f"<Response><Dial action='/dialled'><Client>{phone.login}</Client></Dial></Response>"
    app.pages["/dialled"] = "<Response><Hangup/></Response>"
    server.add_number("5502", app.url("/dial"))
    with Baresip(tmp_path / "caller") as caller:
        caller.dial(f"sip:5502@{server.sip()}")
        phone.says("incoming call")
        phone.type("answer")
        caller.until("CALL_ESTABLISHED")
        phone.says("call established")
        caller.hang_up()
        phone.says("far end ended call")
        assert app.wait_for("/dialled").parameters["DialCallStatus"] == "completed"


def test_it_refuses_and_the_dial_says_busy_and_why(server, app, phone, tmp_path):
    app.pages["/dial"] = f"<Response><Dial action='/dialled'><Client>{phone.login}</Client></Dial></Response>"
    app.pages["/dialled"] = "<Response><Hangup/></Response>"
    server.add_number("5503", app.url("/dial"))
    with Baresip(tmp_path / "caller") as caller:
        caller.dial(f"sip:5503@{server.sip()}")
        phone.says("incoming call")
        phone.type("reject")
        dialled = app.wait_for("/dialled")
        caller.until("CALL_CLOSED")
    assert dialled.parameters["DialCallStatus"] == "busy"
    record = server.call(dialled.parameters["DialCallSid"])
    assert record["reason"].startswith(f"{record['sip_code']} ")
    assert phone.login in record["reason"]
