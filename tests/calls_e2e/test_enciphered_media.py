"""SRTP by keys in SDP, with phones that offer it, insist on it, or know nothing of it."""

from __future__ import annotations

import time

import pytest

from tests.calls_e2e.baresip import Baresip
from tests.calls_e2e.server import Server
from tests.support import audio


@pytest.mark.parametrize("encryption", ["srtp", "srtp-mand", "srtp-mandf"])
def test_a_phone_hears_its_echo_enciphered(server, app, tmp_path, encryption):
    app.pages["/echo"] = "<Response><Echo/></Response>"
    number = {"srtp": "5701", "srtp-mand": "5702", "srtp-mandf": "5703"}[encryption]
    server.add_number(number, app.url("/echo"))
    with Baresip(tmp_path / "ann", login="ann", voice=800, encryption=encryption) as ann:
        ann.dial(f"sip:{number}@{server.sip()}")
        ann.until("CALL_ESTABLISHED")
        ann.prints("SRTP is Enabled")
        time.sleep(1.5)
        ann.hang_up()
        ann.until("CALL_CLOSED")
        assert audio.presence(ann.heard(), 800) >= 900
    assert "inline:" not in server.log()


def test_an_enciphered_phone_and_a_plain_one_hear_each_other_and_press_keys(server, app, tmp_path):
    with (
        Baresip(tmp_path / "ann", login="ann", voice=600, encryption="srtp-mand") as ann,
        Baresip(tmp_path / "bob", login="bob", voice=900) as bob,
    ):
        app.pages["/dial"] = f"<Response><Dial action='/dialled'><Sip>{bob.address}</Sip></Dial></Response>"
        app.pages["/dialled"] = "<Response><Hangup/></Response>"
        server.add_number("5704", app.url("/dial"))
        ann.dial(f"sip:5704@{server.sip()}")
        bob.until("CALL_ESTABLISHED")
        ann.until("CALL_ESTABLISHED")
        time.sleep(1.0)
        ann.press("7")
        assert bob.until("CALL_DTMF_START")["param"] == "7"
        time.sleep(1.0)
        bob.hang_up()
        app.wait_for("/dialled")
        ann.until("CALL_CLOSED")
        assert audio.presence(bob.heard(), 600) >= 1000
        assert audio.presence(ann.heard(), 900) >= 1000


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("strict"), media_srtp="required") as running:
        yield running


def test_where_srtp_is_required_it_is_offered_and_plain_calls_are_refused(strict, app, tmp_path):
    app.auth_token = strict.ready["auth_token"]
    with (
        Baresip(tmp_path / "ann", login="ann", voice=600, encryption="srtp-mand") as ann,
        Baresip(tmp_path / "bob", login="bob", voice=900, encryption="srtp-mand") as bob,
        Baresip(tmp_path / "eve", login="eve") as eve,
    ):
        app.pages["/dial"] = f"<Response><Dial action='/dialled'><Sip>{bob.address}</Sip></Dial></Response>"
        app.pages["/dialled"] = "<Response><Hangup/></Response>"
        strict.add_number("5705", app.url("/dial"))
        eve.dial(f"sip:5705@{strict.sip()}")
        assert "488" in eve.until("CALL_CLOSED")["param"]
        ann.dial(f"sip:5705@{strict.sip()}")
        bob.until("CALL_ESTABLISHED")
        bob.prints("SRTP is Enabled")
        time.sleep(1.5)
        bob.hang_up()
        app.wait_for("/dialled")
        ann.until("CALL_CLOSED")
        assert audio.presence(bob.heard(), 600) >= 900
        assert audio.presence(ann.heard(), 900) >= 900
