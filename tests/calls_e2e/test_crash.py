from __future__ import annotations

import hashlib
import time

import numpy as np
import pytest

from offhook.media.wav import read_wav
from tests.calls_e2e.application import Application
from tests.calls_e2e.baresip import Baresip
from tests.calls_e2e.server import Server
from tests.support import audio


@pytest.mark.parametrize("form", ["wav", "ogg"])
def test_a_killed_server_ends_its_calls_keeps_recordings_and_delivers_callbacks(tmp_path, form):
    with (
        Application() as app,
        Server(tmp_path / "server", recordings_format=form) as server,
        Baresip(tmp_path / "ann", voice=700) as ann,
    ):
        app.pages["/record"] = "<Response><Record maxLength='60' timeout='0' playBeep='false'/></Response>"
        server.add_number("5000", app.url("/record"), StatusCallback=app.url("/status"), StatusCallbackMethod="POST")
        ann.dial(f"sip:5000@{server.sip()}")
        ann.until("CALL_ESTABLISHED")
        began = app.wait_for("/record")
        time.sleep(4.0)
        sid = began.parameters["CallSid"]
        assert server.call(sid)["status"] == "in-progress"
        server.kill()
        app.pages["/status"] = "<Response/>"
        server.start()
        record = server.wait_for_call(sid, "failed")
        assert record["sid"] == sid
        callback = app.wait_for("/status", 30, CallSid=sid)
        assert callback.parameters["CallStatus"] == "failed"
        [recording] = server.request("Recordings.json")["recordings"]
        assert recording["call_sid"] == sid
        kept = server.request(f"Recordings/{recording['sid']}.{form}")
        assert float(recording["duration"]) >= 2.5
        if form == "wav":
            wave = read_wav(kept)
            assert wave.duration >= 2500
            assert audio.presence(np.asarray(wave.samples, np.int16), 700) >= 2000
        else:
            assert kept.startswith(b"OggS")
        end = time.monotonic() + 10
        while (told := server.request(f"Recordings/{recording['sid']}.json"))["sha256"] is None:
            assert time.monotonic() < end
            time.sleep(0.1)
        assert (told["sha256"], told["size"]) == (hashlib.sha256(kept).hexdigest(), len(kept))


def test_a_server_that_is_asked_to_stop_lets_the_call_finish(tmp_path):
    with Application() as app, Server(tmp_path / "server") as server, Baresip(tmp_path / "ann") as ann:
        app.pages["/wait"] = "<Response><Play>/tone.wav</Play><Hangup/></Response>"
        app.pages["/tone.wav"] = audio.write_wav(tmp_path / "tone.wav", audio.sine(600, 3000)).read_bytes()
        server.add_number("5001", app.url("/wait"))
        ann.dial(f"sip:5001@{server.sip()}")
        ann.until("CALL_ESTABLISHED")
        app.wait_for("/wait")
        assert server.stop() == 0
        ann.until("CALL_CLOSED", 1)
