"""What SIPp does within calls, each way: credentials, holds and other changes, and a line that loses messages."""

from __future__ import annotations

import pytest

from tests.calls_e2e.sipp import Sipp
from tests.support import audio
from tests.support.audio import sine

TRANSPORTS = pytest.mark.parametrize("transport", ["udp", "tcp"])


@pytest.fixture
def hello(app, tmp_path):
    app.pages["/hello"] = "<Response><Play>/hello.wav</Play><Hangup/></Response>"
    app.pages["/hello.wav"] = audio.write_wav(tmp_path / "hello.wav", sine(600, 300)).read_bytes()
    return app.url("/hello")


def call_out(server, app, callee, transport, **more):
    """A call to SIPp that lasts until one side hangs up; its sid."""
    app.pages["/talk"] = "<Response><Pause length='1'/></Response>"
    to = f"sip:callee@{callee.address};transport={transport}"
    return server.request("Calls.json", To=to, From="+15551234", Url=app.url("/talk"), **more)["sid"]


@TRANSPORTS
def test_a_client_proves_itself_when_it_calls(server, hello, tmp_path, transport):
    number, login = {"udp": "5301", "tcp": "5302"}[transport], f"sipp-{transport}"
    server.add_client(login, "secret-of-sipp")
    server.add_number(number, hello)
    outcome = Sipp(
        tmp_path / "uac",
        "caller_proves_himself",
        server.sip(transport),
        service=number,
        calls=5,
        transport=transport,
        credentials=(login, "secret-of-sipp"),
        patience=10,
    ).run()
    assert (outcome.successful, outcome.failed) == (5, 0), outcome.errors
    assert {record["from"] for record in server.calls() if record["to"] == number} == {f"client:{login}"}


@TRANSPORTS
def test_a_caller_holds_and_resumes(server, app, tmp_path, transport):
    number = {"udp": "5303", "tcp": "5304"}[transport]
    app.pages["/echo"] = "<Response><Echo/></Response>"
    server.add_number(number, app.url("/echo"))
    outcome = Sipp(
        tmp_path / "uac",
        "caller_holds",
        server.sip(transport),
        service=number,
        calls=3,
        hold=200,
        transport=transport,
        patience=10,
    ).run()
    assert (outcome.successful, outcome.failed) == (3, 0), outcome.errors


@TRANSPORTS
def test_we_prove_ourselves_to_who_asks(server, app, tmp_path, transport):
    with Sipp(tmp_path / "uas", "callee_asks_for_credentials", calls=1, transport=transport, patience=10) as callee:
        sid = call_out(server, app, callee, transport, SipAuthUsername="us", SipAuthPassword="secret-of-ours")
        server.wait_for_call(sid, "completed")
        outcome = callee.ended()
    assert (outcome.successful, outcome.failed) == (1, 0), outcome.errors


@TRANSPORTS
def test_a_callee_changes_the_call_and_hangs_up(server, app, tmp_path, transport):
    with Sipp(tmp_path / "uas", "callee_changes_the_call", calls=1, transport=transport, patience=10) as callee:
        sid = call_out(server, app, callee, transport)
        record = server.wait_for_call(sid, "completed")
        outcome = callee.ended()
    assert (outcome.successful, outcome.failed) == (1, 0), outcome.errors
    assert record["reason"] in (None, "")


def test_calls_in_over_a_line_that_loses_messages_all_end_well(server, hello, tmp_path):
    server.add_number("5305", hello)
    outcome = Sipp(
        tmp_path / "uac", "caller_listens", server.sip(), service="5305", calls=20, rate=20, lost=12, patience=30
    ).run()
    assert (outcome.successful, outcome.failed) == (20, 0), outcome.errors
    assert outcome.retransmissions > 0


def test_calls_out_over_a_line_that_loses_messages_all_end_well(server, app, tmp_path):
    with Sipp(tmp_path / "uas", "callee_on_a_bad_line", calls=10, lost=12, patience=30) as callee:
        sids = [call_out(server, app, callee, "udp") for _ in range(10)]
        for sid in sids:
            server.wait_for_call(sid, "completed", 20)
        outcome = callee.ended()
    assert (outcome.successful, outcome.failed) == (10, 0), outcome.errors
