"""Kamailio, unmodified, over every transport: the carrier of a trunk, both ways, and the edge before phones and outside callers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.calls_e2e.application import Application
from tests.calls_e2e.baresip import Baresip
from tests.calls_e2e.kamailio import Kamailio
from tests.calls_e2e.server import Server
from tests.support import audio
from tests.support.certificates import certificate

PASSWORD = "secret-of-the-carrier"
TALK = "<Response><Play>/hello.wav</Play><Record maxLength='1' timeout='0' playBeep='false' action='/end'/></Response>"
TRANSPORTS = pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def server(tmp_path_factory, made):
    settings = {"sip_listen_tls": "127.0.0.1:0", "sip_tls_ca": str(made.ca_file)}
    settings |= {"sip_tls_cert": str(made.cert_file), "sip_tls_key": str(made.key_file)}
    with Server(tmp_path_factory.mktemp("server"), **settings) as running:
        yield running


@pytest.fixture
def app(server, tmp_path):
    """Plays 600 Hz, records a second of what it hears, and hangs up."""
    with Application() as application:
        application.auth_token = server.ready["auth_token"]
        application.pages["/talk"] = TALK
        application.pages["/end"] = "<Response><Hangup/></Response>"
        tone = audio.write_wav(tmp_path / "tone.wav", audio.sine(600, 800))
        application.pages["/hello.wav"] = tone.read_bytes()
        yield application


def place(proxy: Kamailio, transport: str) -> str:
    """HOST:PORT and transport of it, as the server and its phones reach it."""
    return f"{proxy.secure_address if transport == 'tls' else proxy.address};transport={transport}"


def outside(transport: str) -> str:
    """The transport of callers beyond the proxy, which do not speak TLS."""
    return "udp" if transport == "udp" else "tcp"


@contextmanager
def trunk(server: Server, *gateways: str, **form: str) -> Iterator[str]:
    sid = str(server.request("Trunks.json", FriendlyName="carrier", OptionsInterval="1", **form)["sid"])
    try:
        for priority, gateway in enumerate(gateways, start=1):
            server.request(f"Trunks/{sid}/OriginationUrls.json", SipUrl=gateway, Priority=str(priority))
        yield sid
    finally:
        server.request(f"Trunks/{sid}.json", method="DELETE")


def recorded(server: Server, app: Application, tmp_path: Path, sid: str) -> int:
    """Milliseconds of 900 Hz in what a call recorded."""
    asked = app.wait_for("/end", CallSid=sid)
    wav = tmp_path / f"{sid}.wav"
    wav.write_bytes(server.request(f"Recordings/{asked.parameters['RecordingSid']}.wav"))
    return audio.presence(audio.read_wav(wav)[0], 900)


def transports(server: Server, sid: str) -> set[str]:
    return {message["transport"] for message in server.request(f"Calls/{sid}/Signalling.json")["sip_messages"]}


@TRANSPORTS
def test_a_trunk_leads_to_a_carrier_and_brings_its_calls_and_both_sides_hear_each_other(
    server, app, made, tmp_path, transport
):
    secure = server.sip("tls") if transport == "tls" else ""
    hosted = server.add_number("+498914", app.url("/talk"))
    with (
        Kamailio(
            tmp_path / "proxy", server=server.sip(), password=PASSWORD, secure_server=secure, certificate=made
        ) as carrier,
        Baresip(tmp_path / "far", voice=900, transport=outside(transport)) as far,
        trunk(
            server,
            f"sip:{place(carrier, transport)}",
            Username="us",
            Password=PASSWORD,
            OutboundCalled=f"+49 => {outside(transport)[0]}",
            InboundCalled="0049 => +49",
            Networks="127.0.0.0/8",
        ) as sid,
    ):
        out = server.request("Calls.json", To=f"+49{far.sip_port}", From="+4930", Url=app.url("/talk"))["sid"]
        far.until("CALL_ESTABLISHED")
        assert recorded(server, app, tmp_path, out) >= 700
        far.until("CALL_CLOSED")
        assert audio.presence(far.heard(), 600) >= 500
        assert server.wait_for_call(out, "completed")["trunk_sid"] == sid
        assert transport in transports(server, out)
        (gateway,) = server.request(f"Trunks/{sid}/OriginationUrls.json")["origination_urls"]
        assert gateway["state"] == "up"

        far.dial(f"sip:00498914@{carrier.address};transport={outside(transport)}")
        far.until("CALL_ESTABLISHED")
        far.until("CALL_CLOSED")
        came = server.calls()[0]
        assert (came["direction"], came["to"], came["trunk_sid"]) == ("inbound", "+498914", sid)
        assert recorded(server, app, tmp_path, came["sid"]) >= 700
        assert transports(server, came["sid"]) == {transport}
    server.request(f"IncomingPhoneNumbers/{hosted}.json", method="DELETE")


def test_a_carrier_whose_certificate_is_not_believed_is_passed_over_and_its_state_says_so(server, app, made, tmp_path):
    with (
        Kamailio(tmp_path / "strange", server=server.sip(), certificate=certificate(tmp_path / "unknown")) as strange,
        Kamailio(tmp_path / "known", server=server.sip(), certificate=made) as known,
        Baresip(tmp_path / "far") as far,
        trunk(
            server,
            f"sip:{strange.secure_address};transport=tls",
            f"sip:{known.secure_address};transport=tls",
            OutboundCalled="+49 => u",
            DownAfter="1",
        ) as sid,
    ):
        out = server.request("Calls.json", To=f"+49{far.sip_port}", From="+4930", Url=app.url("/talk"))["sid"]
        far.until("CALL_ESTABLISHED", 5.0)
        far.until("CALL_CLOSED")
        server.wait_for_call(out, "completed")
        states = {
            url["sip_url"]: url["state"]
            for url in server.request(f"Trunks/{sid}/OriginationUrls.json")["origination_urls"]
        }
        assert set(states.values()) == {"down", "up"}
        assert states[f"sip:{known.secure_address};transport=tls"] == "up"


@TRANSPORTS
def test_phones_register_call_and_are_called_through_an_edge_by_which_outside_calls_come(
    server, app, made, tmp_path, transport
):
    login, beyond = f"edge-{transport}", outside(transport)
    number, hello = {"udp": ("5211", "5221"), "tcp": ("5212", "5222"), "tls": ("5213", "5223")}[transport]
    server.add_client(login, "secret-of-the-phone")
    app.pages["/dial"] = f"<Response><Dial action='/dialled'><Client>{login}</Client></Dial></Response>"
    app.pages["/dialled"] = "<Response><Hangup/></Response>"
    server.add_number(number, app.url("/dial"))
    server.add_number(hello, app.url("/talk"))
    secure = server.sip("tls") if transport == "tls" else ""
    with (
        Kamailio(tmp_path / "proxy", server=server.sip(), secure_server=secure, certificate=made) as edge,
        Baresip(tmp_path / "caller", voice=600, transport=beyond) as caller,
        Baresip(
            tmp_path / "phone",
            login=login,
            server=server.sip(transport),
            password="secret-of-the-phone",
            voice=900,
            transport=transport,
            outbound=f"sip:{place(edge, transport)}",
            ca_file=str(made.ca_file),
        ) as phone,
    ):
        phone.registered()
        caller.dial(f"sip:{number}@{edge.address};transport={beyond}")
        phone.until("CALL_ESTABLISHED")
        caller.until("CALL_ESTABLISHED")
        time.sleep(1.0)
        phone.hang_up()
        assert app.wait_for("/dialled").parameters["DialCallStatus"] == "completed"
        caller.until("CALL_CLOSED")
        assert audio.presence(phone.heard(), 600) >= 500
        assert audio.presence(caller.heard(), 900) >= 500
        rung = next(record for record in server.calls() if record["to"] == f"client:{login}")
        ladder = server.request(f"Calls/{rung['sid']}/Signalling.json")["sip_messages"]
        invite = next(one["message"] for one in ladder if (one["summary"], one["direction"]) == ("INVITE sdp", "sent"))
        assert f"\r\nRoute: <sip:{(edge.secure_address if transport == 'tls' else edge.address)};" in invite
        assert {message["transport"] for message in ladder} == {transport}

        phone.until("CALL_CLOSED")
        phone.dial(f"sip:{hello}@{server.sip(transport)};transport={transport}")
        phone.until("CALL_ESTABLISHED")
        phone.until("CALL_CLOSED")
        made_call = next(record for record in server.calls() if record["to"] == hello)
        assert made_call["from"] == f"client:{login}"
        assert recorded(server, app, tmp_path, made_call["sid"]) >= 700
        assert transports(server, made_call["sid"]) == {transport}
