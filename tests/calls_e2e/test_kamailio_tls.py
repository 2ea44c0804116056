"""Calls through Kamailio over TLS, each way: both sides check the certificate of the one that they connect to."""

from __future__ import annotations

import pytest

from tests.calls_e2e.application import Application
from tests.calls_e2e.baresip import Baresip
from tests.calls_e2e.kamailio import Kamailio
from tests.calls_e2e.server import Server
from tests.support import audio
from tests.support.certificates import certificate

PASSWORD = "secret-of-the-carrier"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def server(tmp_path_factory, made):
    settings = {"sip_listen_tls": "127.0.0.1:0", "sip_tls_ca": str(made.ca_file)}
    settings |= {"sip_tls_cert": str(made.cert_file), "sip_tls_key": str(made.key_file)}
    with Server(tmp_path_factory.mktemp("server"), **settings) as running:
        yield running


@pytest.fixture(scope="module")
def proxy(server, made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("proxy") / "kamailio"
    with Kamailio(
        folder, server=server.sip(), password=PASSWORD, secure_server=server.sip("tls"), certificate=made
    ) as running:
        yield running


@pytest.fixture
def app(server, tmp_path):
    with Application() as application:
        application.auth_token = server.ready["auth_token"]
        application.pages["/hello"] = "<Response><Play>/hello.wav</Play><Hangup/></Response>"
        tone = audio.write_wav(tmp_path / "tone.wav", audio.sine(600, 800))
        application.pages["/hello.wav"] = tone.read_bytes()
        yield application


def test_a_call_out_over_tls_answers_the_challenge_and_is_heard(server, app, proxy, tmp_path):
    with Baresip(tmp_path / "callee") as callee:
        sid = server.request(
            "Calls.json",
            To=f"sip:u{callee.sip_port}@{proxy.secure_address};transport=tls",
            From="+15551234",
            Url=app.url("/hello"),
            SipAuthUsername="us",
            SipAuthPassword=PASSWORD,
        )["sid"]
        callee.until("CALL_ESTABLISHED")
        callee.until("CALL_CLOSED")
        assert audio.presence(callee.heard(), 600) >= 500
    server.wait_for_call(sid, "completed")
    ladder = server.request(f"Calls/{sid}/Signalling.json")["sip_messages"]
    assert {message["transport"] for message in ladder} == {"tls"}
    assert [message["summary"] for message in ladder][-2:] == ["BYE", "200 OK (BYE)"]


def test_a_call_in_over_tls_is_heard_and_hung_up_along_its_route(server, app, proxy, tmp_path):
    server.add_number("5401", app.url("/hello"))
    with Baresip(tmp_path / "caller", transport="tcp") as caller:
        caller.dial(f"sip:5401@{proxy.address};transport=tcp")
        caller.until("CALL_ESTABLISHED")
        caller.until("CALL_CLOSED")
        assert audio.presence(caller.heard(), 600) >= 500
    (record,) = server.calls()[:1]
    ladder = server.request(f"Calls/{record['sid']}/Signalling.json")["sip_messages"]
    assert {message["transport"] for message in ladder} == {"tls"}
    assert ladder[-1]["summary"] == "200 OK (BYE)"


def test_a_server_whose_certificate_is_not_believed_is_not_called(server, app, tmp_path):
    strange = certificate(tmp_path / "strange")
    with Kamailio(tmp_path / "kamailio", server=server.sip(), certificate=strange) as stranger:
        to = f"sip:u5070@{stranger.secure_address};transport=tls"
        sid = server.request("Calls.json", To=to, From="+1555", Url=app.url("/hello"))["sid"]
        record = server.wait_for_call(sid, "failed")
    assert record["sip_code"] == 503
    assert f"{stranger.secure_address} tls cannot be reached" in record["reason"]
