"""Calls through Kamailio: as a carrier that asks for credentials, and as an edge in front of phones; loose routing both ways."""

from __future__ import annotations

import pytest

from tests.calls_e2e.baresip import Baresip
from tests.calls_e2e.kamailio import Kamailio
from tests.support import audio

PASSWORD = "secret-of-the-carrier"


@pytest.fixture(scope="module")
def carrier(server, tmp_path_factory):
    with Kamailio(tmp_path_factory.mktemp("carrier") / "kamailio", server=server.sip(), password=PASSWORD) as running:
        yield running


@pytest.fixture(scope="module")
def edge(server, tmp_path_factory):
    with Kamailio(tmp_path_factory.mktemp("edge") / "kamailio", server=server.sip()) as running:
        yield running


def tone(app, tmp_path, path, hertz, milliseconds):
    app.pages[path] = audio.write_wav(tmp_path / "tone.wav", audio.sine(hertz, milliseconds)).read_bytes()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("phone_transport", ["udp", "tcp"])
def test_a_call_out_answers_the_carriers_challenge_and_both_hear_each_other(
    server, app, carrier, tmp_path, transport, phone_transport
):
    app.pages["/talk"] = (
        "<Response><Play>/hello.wav</Play><Record maxLength='1' timeout='0' playBeep='false' action='/end'/></Response>"
    )
    app.pages["/end"] = "<Response><Hangup/></Response>"
    tone(app, tmp_path, "/hello.wav", 600, 800)
    with Baresip(tmp_path / "callee", voice=900) as callee:
        number = f"{phone_transport[0]}{callee.sip_port}"
        sid = server.request(
            "Calls.json",
            To=f"sip:{number}@{carrier.address};transport={transport}",
            From="+15551234",
            Url=app.url("/talk"),
            SipAuthUsername="us",
            SipAuthPassword=PASSWORD,
        )["sid"]
        callee.until("CALL_ESTABLISHED")
        recorded = app.wait_for("/end", CallSid=sid)
        callee.until("CALL_CLOSED")
        assert audio.presence(callee.heard(), 600) >= 500
    assert server.wait_for_call(sid, "completed")["sip_code"] in (None, 200)
    wav = tmp_path / "recorded.wav"
    wav.write_bytes(server.request(f"Recordings/{recorded.parameters['RecordingSid']}.wav"))
    assert audio.presence(audio.read_wav(wav)[0], 900) >= 700
    ladder = server.request(f"Calls/{sid}/Signalling.json")["sip_messages"]
    summaries = [message["summary"] for message in ladder]
    assert summaries[:3] == ["INVITE sdp", "407 Proxy Authentication Required (INVITE)", "ACK"]
    assert summaries.count("INVITE sdp") == 2
    (bye,) = [message for message in ladder if message["summary"] == "BYE"]
    # A request that is too large for UDP went over TCP (RFC 3261 section 18.1.1); a proxy between two transports stands twice.
    used = next(message["transport"] for message in reversed(ladder) if message["summary"] == "INVITE sdp")
    assert (bye["direction"], bye["message"].count("\r\nRoute: ")) == ("sent", 1 if used == phone_transport else 2)
    assert summaries[-1] == "200 OK (BYE)"


def test_a_call_out_with_a_wrong_password_says_so(server, app, carrier):
    app.pages["/talk"] = "<Response><Hangup/></Response>"
    form = {"To": f"sip:u5070@{carrier.address}", "From": "+1555", "Url": app.url("/talk")}
    sid = server.request("Calls.json", **form, SipAuthUsername="us", SipAuthPassword="guess")["sid"]
    record = server.wait_for_call(sid, "failed")
    assert record["sip_code"] == 407
    assert f"the proxy at {carrier.address} udp does not accept our credentials" in record["reason"]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_call_in_through_a_proxy_is_heard_and_hung_up_along_its_route(server, app, edge, tmp_path, transport):
    app.pages["/hello"] = "<Response><Play>/hello.wav</Play><Hangup/></Response>"
    tone(app, tmp_path, "/hello.wav", 600, 800)
    number = {"udp": "5201", "tcp": "5202"}[transport]
    server.add_number(number, app.url("/hello"))
    with Baresip(tmp_path / "caller", transport=transport) as caller:
        caller.dial(f"sip:{number}@{edge.address};transport={transport}")
        caller.until("CALL_ESTABLISHED")
        caller.until("CALL_CLOSED")
        assert audio.presence(caller.heard(), 600) >= 500
    (record,) = [record for record in server.calls() if record["to"] == number]
    server.wait_for_call(record["sid"], "completed")
    ladder = server.request(f"Calls/{record['sid']}/Signalling.json")["sip_messages"]
    bye = ladder[-2]
    assert (bye["summary"], bye["direction"], bye["to"]) == (
        "BYE",
        "sent",
        edge.address if transport == "udp" else bye["to"],
    )
    assert "\r\nRoute: <sip:127.0.0.1" in bye["message"]
    assert ladder[-1]["summary"] == "200 OK (BYE)"
