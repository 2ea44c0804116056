"""Sounds of all kinds, heard on real calls by their tones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.calls_e2e.baresip import Baresip
from tests.support import audio

SOUNDS = Path(__file__).parents[2] / "native" / "decode" / "tests" / "sounds"


def heard_on_a_call(server, directory, number):
    with Baresip(directory, login="ann") as ann:
        ann.dial(f"sip:{number}@{server.sip()}")
        ann.until("CALL_ESTABLISHED")
        ann.until("CALL_CLOSED")
        return ann.heard()


NAMES = ["stereo.mp3", "voice.opus", "voice.ogg", "voice.flac", "ima.wav"]


@pytest.mark.parametrize("name", NAMES)
def test_a_sound_of_any_kind_is_heard(server, app, tmp_path, name):
    number = str(6101 + NAMES.index(name))
    app.pages["/play"] = f"<Response><Play loop='2'>/{name}</Play><Hangup/></Response>"
    app.pages[f"/{name}"] = (SOUNDS / name).read_bytes()
    server.add_number(number, app.url("/play"))
    assert 1800 <= audio.presence(heard_on_a_call(server, tmp_path / "ann", number), 700) <= 2200
