"""Calls over TLS and WebSocket, to and from clients that are not ours."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time

import pytest

from offhook.sip.digest import Challenge, respond
from offhook.sip.message import Request, Response
from tests.calls_e2e.application import Application
from tests.calls_e2e.baresip import Baresip
from tests.calls_e2e.server import Server
from tests.sip.asyncio.web_client import WebClient, believing
from tests.support import audio


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    settings = {"sip_listen_tls": "127.0.0.1:0", "sip_listen_ws": "127.0.0.1:0", "sip_listen_wss": "127.0.0.1:0"}
    with Server(tmp_path_factory.mktemp("server"), **settings) as running:
        for login in ("ann", "bob", "web"):
            running.add_client(login, f"secret-of-{login}")
        yield running


@pytest.fixture
def app(server):
    with Application() as application:
        application.auth_token = server.ready["auth_token"]
        yield application


def phone(server, folder, login, **more):
    return Baresip(
        folder / login,
        login=login,
        server=server.sip("tls"),
        password=f"secret-of-{login}",
        transport="tls",
        ca_file=server.ready["ca_file"],
        **more,
    )


def test_phones_register_and_talk_over_tls(server, app, tmp_path):
    app.pages["/dial"] = "<Response><Dial action='/dialled'><Client>bob</Client></Dial></Response>"
    app.pages["/dialled"] = "<Response><Hangup/></Response>"
    server.add_number("4701", app.url("/dial"))
    with phone(server, tmp_path, "ann", voice=600) as ann, phone(server, tmp_path, "bob", voice=900) as bob:
        ann.registered()
        bob.registered()
        ann.dial(f"sip:4701@{server.sip('tls')};transport=tls")
        bob.until("CALL_ESTABLISHED")
        ann.until("CALL_ESTABLISHED")
        time.sleep(1.5)
        bob.hang_up()
        dialled = app.wait_for("/dialled")
        ann.until("CALL_CLOSED")
    assert dialled.parameters["DialCallStatus"] == "completed"
    assert audio.presence(bob.heard(), 600) >= 900
    assert audio.presence(ann.heard(), 900) >= 900


def test_a_phone_that_is_gone_with_its_connection_is_not_rung(server, app, tmp_path):
    app.pages["/dial"] = "<Response><Dial action='/dialled'><Client>bob</Client></Dial></Response>"
    app.pages["/dialled"] = "<Response><Hangup/></Response>"
    server.add_number("4702", app.url("/dial"))
    with phone(server, tmp_path, "ann") as ann:
        ann.registered()
        with phone(server, tmp_path, "bob") as bob:
            bob.registered()
            assert bob._program is not None
            bob._program.kill()
        ann.dial(f"sip:4702@{server.sip('tls')};transport=tls")
        assert app.wait_for("/dialled").parameters["DialCallStatus"] in ("failed", "no-answer")
        ann.until("CALL_CLOSED")


def test_what_speaks_plain_sip_or_believes_nobody_gets_no_answer_at_the_tls_port(server):
    host, port = server.sip("tls").rsplit(":", 1)
    with socket.create_connection((host, int(port)), 5) as plain:
        plain.sendall(b"OPTIONS sip:x SIP/2.0\r\n\r\n")
        assert not plain.recv(100).startswith(b"SIP")
    with socket.create_connection((host, int(port)), 5) as stream, pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(stream, server_hostname="localhost")


@pytest.mark.parametrize("way", ["ws", "wss", "api"])
def test_a_web_client_registers_and_is_rung_over_its_connection(server, app, tmp_path, way):
    app.pages["/dial"] = "<Response><Dial action='/dialled'><Client>web</Client></Dial></Response>"
    app.pages["/dialled"] = "<Response><Hangup/></Response>"
    number = {"ws": "4703", "wss": "4704", "api": "4705"}[way]
    server.add_number(number, app.url("/dial"))
    url = f"{server.ready['api'].replace('https', 'wss')}/sip" if way == "api" else f"{way}://{server.sip(way)}"
    secure = {} if way == "ws" else {"ssl": believing(server.ready["ca_file"])}

    async def rung(ann) -> str:
        async with WebClient(url, **secure) as client:
            await register(client, "web")
            ann.dial(f"sip:{number}@{server.sip('tls')};transport=tls")
            invite = await client.hears()
            assert isinstance(invite, Request)
            assert str(invite.target) == CONTACT
            for status in (180, 486):
                await client.says(bytes(invite.response(status, to_tag="t")))
            assert (await client.hears()).cseq.method == "ACK"
            return (await asyncio.to_thread(app.wait_for, "/dialled")).parameters["DialCallStatus"]

    with phone(server, tmp_path, "ann") as ann:
        ann.registered()
        assert asyncio.run(rung(ann)) == "busy"
        ann.until("CALL_CLOSED")


CONTACT = "sip:web@df7jal23ls0d.invalid;transport=ws"


async def register(client: WebClient, login: str) -> None:
    """With the answer to the challenge that comes first."""
    credentials: list[tuple[str, str]] = []
    for cseq in (1, 2):
        request = Request.build(
            "REGISTER",
            "sip:localhost",
            [
                ("Via", f"SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK{cseq}"),
                ("Max-Forwards", "70"),
                ("From", f"<sip:{login}@localhost>;tag=1"),
                ("To", f"<sip:{login}@localhost>"),
                ("Call-ID", f"of {login}".replace(" ", "-")),
                ("CSeq", f"{cseq} REGISTER"),
                ("Contact", f"<{CONTACT}>"),
                ("Expires", "600"),
                *credentials,
            ],
        )
        await client.says(bytes(request))
        answer = await client.hears()
        assert isinstance(answer, Response)
        if answer.status == 200:
            assert answer.contact is not None
            return
        assert answer.status == 401, answer
        challenge = Challenge.parse(answer.lines("www-authenticate")[0])
        password = f"secret-of-{login}"
        asked = {"method": "REGISTER", "uri": "sip:localhost", "username": login, "password": password}
        credentials = [("Authorization", respond(challenge, cnonce="c", **asked))]
    raise AssertionError("it was challenged twice")
