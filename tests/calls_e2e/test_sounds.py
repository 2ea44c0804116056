"""Sounds of all kinds, heard on real calls by their tones."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from tests.calls_e2e.baresip import Baresip
from tests.support import audio

SOUNDS = Path(__file__).parents[2] / "native" / "decode" / "tests" / "sounds"


def heard_on_a_call(server, directory, number):
    with Baresip(directory, login="radio-listener") as listener:
        listener.dial(f"sip:{number}@{server.sip()}")
        listener.until("CALL_ESTABLISHED")
        listener.until("CALL_CLOSED")
        return listener.heard()


NAMES = ["stereo.mp3", "voice.opus", "voice.ogg", "voice.flac", "ima.wav"]


@pytest.mark.parametrize("name", NAMES)
def test_a_sound_of_any_kind_is_heard(server, app, tmp_path, name):
    number = str(6101 + NAMES.index(name))
    app.pages["/play"] = f"<Response><Play loop='2'>/{name}</Play><Hangup/></Response>"
    app.pages[f"/{name}"] = (SOUNDS / name).read_bytes()
    server.add_number(number, app.url("/play"))
    assert 1800 <= audio.presence(heard_on_a_call(server, tmp_path / "listener", number), 700) <= 2200


class Radio(BaseHTTPRequestHandler):
    """A station: one song again and again, as fast as it is heard, without an end."""

    listeners: ClassVar[list[str]] = []
    gone = threading.Event()

    def do_GET(self) -> None:
        song = (SOUNDS / "narrow.mp3").read_bytes()
        self.listeners.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "audio/mpeg")
        self.end_headers()
        try:
            while True:
                self.wfile.write(song)
                time.sleep(0.8)
        except OSError:
            self.gone.set()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def radio():
    with ThreadingHTTPServer(("127.0.0.1", 0), Radio) as station:
        station.daemon_threads = True
        thread = threading.Thread(target=station.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{station.server_address[1]}/live"
        station.shutdown()
        thread.join()


def test_a_station_without_end_is_heard_until_a_key_and_let_go(server, app, tmp_path, radio):
    app.pages["/radio"] = f"<Response><Gather numDigits='1' action='/after'><Play>{radio}</Play></Gather></Response>"
    app.pages["/after"] = "<Response><Play>/voice.flac</Play><Hangup/></Response>"
    app.pages["/voice.flac"] = (SOUNDS / "voice.flac").read_bytes()
    server.add_number("6111", app.url("/radio"))
    with Baresip(tmp_path / "listener", login="radio-listener") as listener:
        listener.dial(f"sip:6111@{server.sip()}")
        listener.until("CALL_ESTABLISHED")
        time.sleep(4)
        listener.press("1")
        app.wait_for("/after", Digits="1")
        assert Radio.gone.wait(10), "the station has a listener still"
        listener.until("CALL_CLOSED")
        heard = listener.heard()
    assert Radio.listeners == ["/live"]
    assert audio.presence(heard, 700) >= 3500


def test_a_long_file_is_heard_before_all_of_it_has_come(server, app, tmp_path):
    app.pages["/long"] = "<Response><Play>/long.wav</Play></Response>"
    path = audio.write_wav(tmp_path / "long.wav", audio.sine(900, 300_000, rate=16_000), 16_000)
    app.pages["/long.wav"] = path.read_bytes()
    server.add_number("6112", app.url("/long"))
    with Baresip(tmp_path / "listener", login="radio-listener") as listener:
        listener.dial(f"sip:6112@{server.sip()}")
        listener.until("CALL_ESTABLISHED")
        time.sleep(3)
        listener.hang_up()
        listener.until("CALL_CLOSED")
        heard = listener.heard()
    assert audio.presence(heard, 900) >= 2000


def test_what_is_no_sound_is_told_by_name_and_the_document_goes_on(server, app, tmp_path):
    app.pages["/wrong"] = "<Response><Play>/page.wav</Play><Play>/voice.opus</Play><Hangup/></Response>"
    app.pages["/page.wav"] = b"<html>" + b" " * 2000
    app.pages["/voice.opus"] = (SOUNDS / "voice.opus").read_bytes()
    server.add_number("6113", app.url("/wrong"))
    assert audio.presence(heard_on_a_call(server, tmp_path / "listener", "6113"), 700) >= 800
    told = server.request("Notifications.json")["notifications"][0]
    assert "/page.wav: it is a web page or XML (stated to be audio/wav)" in str(told)
