"""Real calls whose keys come as tones or by INFO, and calls that want to know who answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from offhook.media.wav import read_wav
from tests.calls_e2e.application import Application
from tests.calls_e2e.baresip import Baresip
from tests.calls_e2e.server import Server
from tests.support.audio import Samples, silence, sine

CLIPS = Path(__file__).parents[1] / "data" / "speech"
KEYS = {"4": (770, 1209), "2": (697, 1336)}


def clip(name: str) -> Samples:
    """What is said, without the silence around it."""
    samples = np.array(read_wav((CLIPS / f"{name}.wav").read_bytes()).samples, np.int16)
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > 500)
    return samples[loud[0] : loud[-1]]


def tones(keys: str) -> Samples:
    """A second of silence, then the keys, then silence."""
    pressed = [np.concatenate((sine(KEYS[key][0], 100) + sine(KEYS[key][1], 100), silence(100))) for key in keys]
    return np.concatenate((silence(1000), *pressed, silence(30_000)))


@pytest.fixture(scope="module")
def attentive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that hears keys as tones from everybody."""
    with Server(tmp_path_factory.mktemp("attentive"), media_inband_dtmf="always") as running:
        yield running


@pytest.fixture
def its_app(attentive: Server) -> Iterator[Application]:
    with Application() as application:
        application.auth_token = attentive.ready["auth_token"]
        application.pages["/menu"] = "<Response><Gather numDigits='2' timeout='20' action='/choice'/></Response>"
        application.pages["/choice"] = "<Response><Hangup/></Response>"
        yield application


@pytest.mark.parametrize("codec", ["pcmu", "opus"])
def test_keys_that_come_as_tones_reach_the_application(
    attentive: Server, its_app: Application, tmp_path: Path, codec: str
) -> None:
    number = {"pcmu": "3100", "opus": "3101"}[codec]
    attentive.add_number(number, its_app.url("/menu"))
    rate = 48_000 if codec == "opus" else 8000
    voice = np.repeat(tones("42"), rate // 8000)
    with Baresip(tmp_path / "ann", voice=voice, codec=codec, rate=rate) as ann:
        ann.dial(f"sip:{number}@{attentive.sip()}")
        ann.until("CALL_ESTABLISHED")
        its_app.wait_for("/choice", Digits="42")
        ann.until("CALL_CLOSED")


def test_keys_by_info_reach_the_application_once_although_tones_are_heard_too(
    attentive: Server, its_app: Application, tmp_path: Path
) -> None:
    attentive.add_number("3102", its_app.url("/menu"))
    with Baresip(tmp_path / "ann", voice=300, dtmf="info") as ann:
        ann.dial(f"sip:3102@{attentive.sip()}")
        ann.until("CALL_ESTABLISHED")
        ann.press("42")
        its_app.wait_for("/choice", Digits="42")
        ann.until("CALL_CLOSED")


@pytest.mark.parametrize(
    ("who", "mode", "voice"),
    [
        ("human", "Enable", np.concatenate((silence(800), clip("c00")[:6400], silence(30_000)))),
        (
            "machine_end_beep",
            "DetectMessageEnd",
            np.concatenate((silence(800), clip("s02"), clip("s04"), silence(300), sine(1000, 500), silence(30_000))),
        ),
        ("machine_start", "Enable", np.concatenate((silence(800), clip("s02"), clip("s04"), silence(30_000)))),
    ],
)
def test_the_application_learns_who_answered(
    server: Server, app: Application, tmp_path: Path, who: str, mode: str, voice: Samples
) -> None:
    app.pages["/answered"] = "<Response><Hangup/></Response>"
    with Baresip(tmp_path / "bob", voice=voice) as bob:
        order = {"To": bob.address, "From": "+1555", "Url": app.url("/answered"), "MachineDetection": mode}
        sid = server.request("Calls.json", **order)["sid"]
        asked = app.wait_for("/answered", CallSid=sid)
        assert asked.parameters["AnsweredBy"] == who
        assert int(asked.parameters["MachineDetectionDuration"]) < 15_000
        server.wait_for_call(sid, "completed")
