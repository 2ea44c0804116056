"""Calls of a real browser: ICE, DTLS-SRTP and audio through Chromium, with the page of the how-to."""

from __future__ import annotations

import pytest

from tests.calls_e2e.application import Application
from tests.calls_e2e.chromium import Chromium
from tests.calls_e2e.server import Server
from tests.support import audio


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("server"), media_browser_port="0", sip_domain="127.0.0.1") as running:
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
    with browser.open_phone() as tab:
        tab.fill(server=server.ready["api"].removeprefix("https://"), login="alice", password="secret-of-alice")
        tab.click("register")
        tab.until("ready")
        yield tab


def test_a_browser_calls_an_application_hears_it_and_presses_keys(server, phone, tmp_path):
    with Application() as app:
        app.auth_token = server.ready["auth_token"]
        app.pages["/menu"] = (
            "<Response><Gather numDigits='2' action='/keys'><Play>/prompt.wav</Play></Gather></Response>"
        )
        app.pages["/keys"] = "<Response><Record maxLength='2' timeout='0' action='/recorded'/></Response>"
        app.pages["/recorded"] = lambda asked: f"<Response><Play>{asked['RecordingUrl']}</Play></Response>"
        app.pages["/prompt.wav"] = audio.write_wav(tmp_path / "p.wav", audio.sine(600, 10_000)).read_bytes()
        server.add_number("4501", app.url("/menu"))
        phone.fill(number="4501")
        phone.click("call")
        phone.until("talking")
        phone.listen()
        phone.hears(600)
        phone.press("42")
        assert app.wait_for("/keys").parameters["Digits"] == "42"
        app.wait_for("/recorded")
        phone.hears(900)  # what its microphone said
        phone.until("ready")
