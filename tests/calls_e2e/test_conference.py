"""Phones in one conference, told by the tones that each of them hears: mute, hold and kick by the API."""

from __future__ import annotations

import time

import pytest

from tests.calls_e2e.baresip import Baresip
from tests.calls_e2e.server import Server
from tests.calls_e2e.sipp import Sipp
from tests.support import audio, g711

ANN, BOB, CID = 600, 900, 1300
DOCUMENT = (
    "<Response><Dial action='/left'><Conference beep='false' statusCallback='/events'"
    " statusCallbackEvent='start end join leave mute announcement'>{name}</Conference></Dial></Response>"
)


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    with Server(
        tmp_path_factory.mktemp("wide"), media_codecs="G722,PCMU", calls_conference_leveling="false"
    ) as running:
        yield running


@pytest.fixture
def application(wide, app):
    app.auth_token = wide.ready["auth_token"]
    return app


def test_two_phones_and_a_carrier_hear_each_other_and_one_is_muted_and_kicked(wide, application, tmp_path):
    application.pages["/room"] = DOCUMENT.format(name="room")
    application.pages["/left"] = "<Response><Play>/bye.wav</Play></Response>"
    application.pages["/bye.wav"] = audio.write_wav(tmp_path / "bye.wav", audio.sine(2100, 600)).read_bytes()
    application.pages["/news.wav"] = audio.write_wav(tmp_path / "news.wav", audio.sine(1700, 600)).read_bytes()
    wide.add_number("6401", application.url("/room"))
    (tmp_path / "cid").mkdir()
    (tmp_path / "cid" / "speech.ulaw").write_bytes(g711.encode(audio.sine(CID, 20_000)))
    with (
        Baresip(tmp_path / "ann", login="ann", voice=ANN, codec="g722/16000/1", rate=16_000) as ann,
        Baresip(tmp_path / "bob", login="bob", voice=BOB) as bob,
        Sipp(tmp_path / "cid", "caller_speaks", wide.sip(), service="6401", calls=1, hold=9000) as cid,
    ):
        ann.dial(f"sip:6401@{wide.sip()}")
        bob.dial(f"sip:6401@{wide.sip()}")
        ann.until("CALL_ESTABLISHED")
        bob.until("CALL_ESTABLISHED")
        (room,) = wide.request("Conferences.json?Status=in-progress")["conferences"]
        participants = f"Conferences/{room['sid']}/Participants"
        three = _participants(wide, participants, 3)
        by_from = {wide.call(one["call_sid"])["from"]: one["call_sid"] for one in three}
        time.sleep(1.5)
        muted = wide.request(f"{participants}/{by_from['ann']}.json", Muted="true")
        assert muted["muted"] is True
        application.wait_for("/events", StatusCallbackEvent="participant-mute", CallSid=by_from["ann"])
        wide.request(f"Conferences/{room['sid']}.json", AnnounceUrl=application.url("/news.wav"), AnnounceMethod="GET")
        application.wait_for("/events", StatusCallbackEvent="announcement-end")
        time.sleep(1.2)
        wide.request(f"{participants}/{by_from['bob']}.json", method="DELETE")
        application.wait_for("/left", CallSid=by_from["bob"])
        bob.until("CALL_CLOSED")
        ann.hang_up()
        ann.until("CALL_CLOSED")
        assert cid.ended().successful == 1
    application.wait_for("/events", StatusCallbackEvent="conference-end", FriendlyName="room")
    by_ann, by_bob = ann.heard(), bob.heard()
    assert audio.presence(by_ann, BOB, rate=16_000) >= 2000
    assert audio.presence(by_ann, CID, rate=16_000) >= 2000
    assert audio.presence(by_ann, ANN, rate=16_000) == 0
    assert audio.presence(by_bob, CID) >= 2000
    assert 800 <= audio.presence(by_bob, ANN) <= 3000, "until ann was muted"
    assert audio.presence(by_bob[-8 * 1200 :], ANN) == 0
    assert audio.presence(by_bob, BOB) == 0
    assert audio.presence(by_ann, 1700, rate=16_000) >= 400
    assert audio.presence(by_bob, 1700) >= 400
    assert audio.presence(by_bob, 2100) >= 400, "one who is kicked goes on with the action of his dial"
    assert wide.request("Conferences.json")["conferences"] == []


def _participants(server: Server, path: str, count: int) -> list[dict[str, str]]:
    """Those of a conference, once there are so many."""
    end = time.monotonic() + 10
    while len(found := server.request(f"{path}.json")["participants"]) < count:
        assert time.monotonic() < end, found
        time.sleep(0.1)
    return list(found)
