"""Announcements of the far end before it answers, heard by a caller who is not answered yet."""

from __future__ import annotations

import time

import pytest

from tests.calls_e2e.baresip import Baresip
from tests.calls_e2e.sipp import Sipp
from tests.support import audio, g711
from tests.support.audio import sine


@pytest.fixture
def callee(tmp_path):
    def announces(scenario, hertz):
        folder = tmp_path / scenario
        folder.mkdir()
        (folder / "speech.ulaw").write_bytes(g711.encode(sine(hertz, 4000)))
        return Sipp(folder, scenario, calls=1, hold=3000)

    return announces


def dialling(server, app, number, callee, **attributes):
    words = "".join(f" {name}='{value}'" for name, value in attributes.items())
    app.pages["/dial"] = (
        f"<Response><Dial action='/dialled'{words}><Sip>sip:callee@{callee.address}</Sip></Dial></Response>"
    )
    app.pages["/dialled"] = "<Response><Hangup/></Response>"
    server.add_number(number, app.url("/dial"))
    return f"sip:{number}@{server.sip()}"


def test_a_caller_hears_the_announcement_and_is_answered_with_the_far_end(server, app, callee, tmp_path):
    far = callee("callee_announces_and_answers", 700)
    uri = dialling(server, app, "4001", far, answerOnBridge="true")
    with far, Baresip(tmp_path / "ann", login="ann") as ann:
        ann.dial(uri)
        ann.until("CALL_PROGRESS")
        began = time.monotonic()
        ann.until("CALL_ESTABLISHED")
        assert time.monotonic() - began > 2
        ann.hang_up()
        ann.until("CALL_CLOSED")
        assert audio.presence(ann.heard(), 700) >= 2000
        assert far.ended().successful == 1
    assert app.wait_for("/dialled").parameters["DialCallStatus"] == "completed"


def test_a_caller_hears_why_he_is_not_connected(server, app, callee, tmp_path):
    far = callee("callee_announces_and_is_busy", 800)
    uri = dialling(server, app, "4002", far, answerOnBridge="true")
    with far, Baresip(tmp_path / "ann", login="ann") as ann:
        ann.dial(uri)
        ann.until("CALL_PROGRESS")
        assert app.wait_for("/dialled").parameters["DialCallStatus"] == "busy"
        ann.until("CALL_CLOSED")
        assert audio.presence(ann.heard(), 800) >= 2000
        assert far.ended().successful == 1


def test_a_caller_who_was_answered_hears_the_announcement_instead_of_the_ringback(server, app, callee, tmp_path):
    far = callee("callee_announces_and_is_busy", 900)
    uri = dialling(server, app, "4003", far)
    with far, Baresip(tmp_path / "ann", login="ann") as ann:
        ann.dial(uri)
        ann.until("CALL_ESTABLISHED")
        assert app.wait_for("/dialled").parameters["DialCallStatus"] == "busy"
        ann.until("CALL_CLOSED")
        heard = ann.heard()
        assert audio.presence(heard, 900) >= 2000
        assert audio.presence(heard, 440) < 500
