"""Calls of a browser's SIP stack over the secure WebSocket at the API's port."""

from __future__ import annotations

import pytest

from tests.calls_e2e.web_phone import WebPhone
from tests.support import audio


@pytest.fixture
def web(server, tmp_path):
    server.add_client("web", "secret-of-web")
    url = f"{server.ready['api'].replace('https', 'wss')}/sip"
    with WebPhone(
        tmp_path / "web", url=url, login="web", password="secret-of-web", ca_file=server.ready["ca_file"]
    ) as phone:
        yield phone


def test_a_web_phone_calls_an_application(server, app, web, tmp_path):
    app.pages["/hello"] = "<Response><Play>/hello.wav</Play><Hangup/></Response>"
    app.pages["/hello.wav"] = audio.write_wav(tmp_path / "hello.wav", audio.sine(600, 300)).read_bytes()
    server.add_number("4101", app.url("/hello"))

    web.order("call", "sip:4101@localhost")
    web.until("established")
    asked = app.wait_for("/hello")
    assert asked.parameters["From"] == "client:web"
    web.until("terminated")
