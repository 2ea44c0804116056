"""Calls of a real browser: ICE, DTLS-SRTP and audio through Chromium, with the page of the how-to."""

from __future__ import annotations

import json
import re
import socket
from contextlib import ExitStack

import pytest

from tests.calls_e2e.application import Application
from tests.calls_e2e.baresip import Baresip
from tests.calls_e2e.chromium import Chromium
from tests.calls_e2e.peers import Program, free_media_ports, free_port, need, wait_for
from tests.calls_e2e.server import Server
from tests.calls_e2e.sipp import Sipp
from tests.support import audio, g711

SECRET = "north-of-the-river"


ONLY_CONNECTIONS = """
const set = RTCPeerConnection.prototype.setRemoteDescription;
RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
  return set.call(this, { type, sdp: sdp.replace(/a=candidate:\\S+ 1 udp .*\\r\\n/g, "") });
};
"""
"""A network that lets no datagram out."""
ONLY_RELAYED = """
const Connection = RTCPeerConnection;
window.RTCPeerConnection = function (configuration) {
  return new Connection({ ...configuration, iceServers: SERVERS, iceTransportPolicy: "relay" });
};
window.RTCPeerConnection.prototype = Connection.prototype;
"""
"""One that lets nothing out but to a TURN server."""


@pytest.fixture(scope="module")
def relay(tmp_path_factory):
    """A TURN server that lends to whom shares its secret; its port."""
    port, media = free_port(socket.SOCK_DGRAM), free_media_ports(20)
    options = f"""
        -n --no-cli --no-tls --no-dtls --allow-loopback-peers --listening-ip 127.0.0.1 --relay-ip 127.0.0.1 --realm pbx.test
        --use-auth-secret --static-auth-secret {SECRET} --listening-port {port} --min-port {media} --max-port {media + 19}
        --log-file stdout --simple-log --pidfile {tmp_path_factory.mktemp("relay") / "pid"}
    """.split()
    program = Program(need("turnserver"), *options, log=tmp_path_factory.mktemp("relay") / "relay.log")
    yield port
    program.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory, relay):
    settings = {
        "sip_domain": "127.0.0.1",
        "calls_conference_leveling": "false",
        "api_turn_urls": f"turn:127.0.0.1:{relay}?transport=udp",
        "api_turn_secret": SECRET,
    }
    with Server(tmp_path_factory.mktemp("server"), **settings) as running:
        running.add_client("alice", "secret-of-alice")
        yield running


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    microphone = audio.write_wav(folder / "microphone.wav", audio.sine(900, 5000, rate=48_000), rate=48_000)
    with Chromium(folder / "pages", microphone=microphone) as running:
        yield running


@pytest.fixture
def phone(browser, server):
    """Opens a registered phone, in a network that a script stands for."""
    with ExitStack() as tabs:

        def register(*network):
            tab = tabs.enter_context(browser.open_phone(*network))
            tab.fill(server=server.ready["api"].removeprefix("https://"), login="alice", password="secret-of-alice")
            tab.click("register")
            tab.until("ready")
            return tab

        yield register


@pytest.fixture
def app(server, tmp_path):
    with Application() as application:
        application.auth_token = server.ready["auth_token"]
        prompt = audio.write_wav(tmp_path / "prompt.wav", audio.sine(600, 10_000))
        application.pages["/prompt.wav"] = prompt.read_bytes()
        application.pages["/prompt"] = "<Response><Play loop='0'>/prompt.wav</Play></Response>"
        yield application


def test_a_browser_calls_an_application_hears_it_and_presses_keys(server, phone, app):
    app.pages["/menu"] = "<Response><Gather numDigits='2' action='/keys'><Play>/prompt.wav</Play></Gather></Response>"
    app.pages["/keys"] = "<Response><Record maxLength='2' timeout='0' action='/recorded'/></Response>"
    app.pages["/recorded"] = lambda asked: f"<Response><Play>{asked['RecordingUrl']}</Play></Response>"
    server.add_number("4501", app.url("/menu"))
    alice = phone()
    alice.fill(number="4501")
    alice.click("call")
    alice.until("talking")
    alice.listen()
    alice.hears(600)
    alice.press("4")  # by SIP INFO
    alice.run("window.phone().session.sessionDescriptionHandler.sendDtmf('2')")  # as an event of RTP
    assert app.wait_for("/keys").parameters["Digits"] == "42"
    app.wait_for("/recorded")
    alice.hears(900)  # what its microphone said
    alice.until("ready")


TOLD = "pc.currentRemoteDescription.sdp"
"""What we said last."""


def change(tab, script):
    """Offer something else in mid-call, and wait for the answer."""
    tab.run(f"{script}; 0")
    wait_for(lambda: not tab.run("window.phone().session.pendingReinvite"), script)


def test_a_browser_is_called_by_a_phone_holds_it_and_moves_to_another_path(server, phone, app, tmp_path):
    app.pages["/dial"] = "<Response><Dial action='/dialled'><Client>alice</Client></Dial></Response>"
    app.pages["/dialled"] = "<Response><Hangup/></Response>"
    server.add_number("4502", app.url("/dial"))
    alice = phone()
    with Baresip(tmp_path / "caller", voice=600) as caller:
        caller.dial(f"sip:4502@{server.sip()}")
        alice.until("ringing")
        alice.click("answer")
        alice.until("talking")
        caller.until("CALL_ESTABLISHED")
        alice.listen()
        alice.hears(600)

        change(alice, "window.phone().hold()")
        assert "a=recvonly" in alice.peer(TOLD)
        change(alice, "window.phone().unhold()")
        told = alice.peer(TOLD)
        assert "a=sendrecv" in told
        again = "{ sessionDescriptionHandlerOptions: { offerOptions: { iceRestart: true } } }"
        change(alice, f"window.phone().session.invite({again})")
        name = re.compile(r"a=ice-ufrag:(\S+)")
        assert name.findall(alice.peer(TOLD)) != name.findall(told)
        alice.run("window.tones = []")
        alice.hears(600)

        alice.click("hangup")
        assert app.wait_for("/dialled").parameters["DialCallStatus"] == "completed"
        caller.until("CALL_CLOSED")
        assert audio.presence(caller.heard(), 900) >= 400


def test_a_browser_a_phone_and_a_carrier_meet_in_a_conference_where_it_is_muted_and_kicked(
    server, phone, app, tmp_path
):
    app.pages["/room"] = "<Response><Dial action='/left'><Conference beep='false'>web</Conference></Dial></Response>"
    app.pages["/left"] = "<Response><Play loop='0'>/bye.wav</Play></Response>"
    app.pages["/bye.wav"] = audio.write_wav(tmp_path / "bye.wav", audio.sine(2100, 5000)).read_bytes()
    server.add_number("4505", app.url("/room"))
    (tmp_path / "cid").mkdir()
    (tmp_path / "cid" / "speech.ulaw").write_bytes(g711.encode(audio.sine(1300, 20_000)))
    alice = phone()
    with (
        Baresip(tmp_path / "bob", login="bob", voice=600) as bob,
        Sipp(tmp_path / "cid", "caller_speaks", server.sip(), service="4505", calls=1, hold=9000) as cid,
    ):
        bob.dial(f"sip:4505@{server.sip()}")
        bob.until("CALL_ESTABLISHED")
        alice.fill(number="4505")
        alice.click("call")
        alice.until("talking")
        alice.listen()
        alice.hears(600)
        alice.hears(1300)
        (room,) = server.request("Conferences.json?Status=in-progress")["conferences"]
        participants = f"Conferences/{room['sid']}/Participants"
        everybody = server.request(f"{participants}.json")["participants"]
        (hers,) = [one["call_sid"] for one in everybody if server.call(one["call_sid"])["from"] == "client:alice"]
        assert server.request(f"{participants}/{hers}.json", Muted="true")["muted"] is True
        alice.run("window.tones = []")
        alice.hears(600, times=30)  # for a second and a half
        server.request(f"{participants}/{hers}.json", method="DELETE")
        alice.hears(2100)
        alice.click("hangup")
        alice.until("ready")
        assert not [tone for tone in alice.tones() if abs(tone - 900) < 15], "nobody hears himself"
        bob.hang_up()
        bob.until("CALL_CLOSED")
        assert cid.ended().successful == 1
        by_bob = bob.heard()
    assert audio.presence(by_bob, 900) >= 400
    assert audio.presence(by_bob[-8 * 1000 :], 900) == 0, "she was muted"


def test_a_browser_whose_network_lets_no_datagram_out_comes_over_a_connection(server, phone, app):
    server.add_number("4503", app.url("/prompt"))
    alice = phone(ONLY_CONNECTIONS)
    alice.fill(number="4503")
    alice.click("call")
    alice.until("talking")
    alice.listen()
    alice.hears(600)
    assert alice.path()[1] == "tcp"
    alice.click("hangup")
    alice.until("ready")


def test_a_browser_that_gets_out_by_a_relay_alone_borrows_credentials_for_it(server, phone, app):
    server.add_number("4504", app.url("/prompt"))
    token = server.request("Tokens.json", Ttl="600")
    alice = phone(ONLY_RELAYED.replace("SERVERS", json.dumps(token["ice_servers"])))
    alice.fill(number="4504")
    alice.click("call")
    alice.until("talking")
    alice.listen()
    alice.hears(600)
    assert alice.path()[0] == "relay"
    alice.click("hangup")
    alice.until("ready")
