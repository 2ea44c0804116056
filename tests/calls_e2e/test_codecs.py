"""Calls in every codec that a softphone has: tones at their frequency and level, both ways, alone and converted."""

from __future__ import annotations

import time

import pytest

from tests.calls_e2e.baresip import Baresip
from tests.calls_e2e.server import Server
from tests.support import audio

CODECS = {
    "g722": ("g722/16000/1", 16_000),
    "opus": ("opus/48000/2", 48_000),
    "l16": ("l16/16000/1", 16_000),
}


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    codecs = "OPUS,G722,L16/16000,PCMU,PCMA"
    with Server(tmp_path_factory.mktemp("wide"), media_codecs=codecs) as running:
        yield running


@pytest.fixture
def application(wide, app):
    app.auth_token = wide.ready["auth_token"]
    return app


def level(samples, hertz, rate):
    """dBm0 of a tone in the middle second of where it is there."""
    frame = rate // 50
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    there = [piece for piece in frames if audio.level_at(piece, hertz, rate) > -25]
    return audio.level_at(there[len(there) // 2], hertz, rate)


@pytest.mark.parametrize("name", CODECS)
def test_a_phone_hears_a_wideband_prompt_its_echo_and_presses_keys(wide, application, tmp_path, name):
    codec, rate = CODECS[name]
    prompt = audio.write_wav(tmp_path / "prompt.wav", audio.sine(5000, 1500, rate=16_000), 16_000)
    application.pages["/prompt.wav"] = prompt.read_bytes()
    application.pages["/menu"] = (
        "<Response><Gather numDigits='1' action='/echo'><Play>/prompt.wav</Play></Gather></Response>"
    )
    application.pages["/echo"] = "<Response><Echo/></Response>"
    number = str(6001 + list(CODECS).index(name))
    wide.add_number(number, application.url("/menu"))
    with Baresip(tmp_path / "ann", login="ann", voice=1200, codec=codec, rate=rate) as ann:
        ann.dial(f"sip:{number}@{wide.sip()}")
        ann.until("CALL_ESTABLISHED")
        time.sleep(1.8)
        ann.press("7")
        application.wait_for("/echo", Digits="7")
        time.sleep(1.5)
        ann.hang_up()
        ann.until("CALL_CLOSED")
        heard = ann.heard()
    assert audio.presence(heard, 5000, rate=rate) >= 1000
    assert abs(level(heard, 5000, rate) - -12) < 2
    assert audio.presence(heard, 1200, rate=rate) >= 900
    assert abs(level(heard, 1200, rate) - -12) < 2


@pytest.mark.parametrize("name", CODECS)
def test_phones_with_different_codecs_hear_each_other_and_their_keys(wide, application, tmp_path, name):
    codec, rate = CODECS[name]
    with (
        Baresip(tmp_path / "ann", login="ann", voice=600, codec=codec, rate=rate) as ann,
        Baresip(tmp_path / "bob", login="bob", voice=900) as bob,
    ):
        application.pages["/dial"] = f"<Response><Dial action='/dialled'><Sip>{bob.address}</Sip></Dial></Response>"
        application.pages["/dialled"] = "<Response><Hangup/></Response>"
        number = str(6011 + list(CODECS).index(name))
        wide.add_number(number, application.url("/dial"))
        ann.dial(f"sip:{number}@{wide.sip()}")
        bob.until("CALL_ESTABLISHED")
        ann.until("CALL_ESTABLISHED")
        time.sleep(1.0)
        ann.press("7")
        assert bob.until("CALL_DTMF_START")["param"] == "7"
        time.sleep(1.2)
        bob.hang_up()
        application.wait_for("/dialled")
        ann.until("CALL_CLOSED")
        by_ann, by_bob = ann.heard(), bob.heard()
    assert audio.presence(by_bob, 600) >= 1000
    assert audio.presence(by_ann, 900, rate=rate) >= 1000
    assert abs(level(by_bob, 600, 8000) - -12) < 2
    assert abs(level(by_ann, 900, rate) - -12) < 2
