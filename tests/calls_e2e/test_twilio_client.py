"""The de-facto standard API's own client, unmodified but for its base URL, makes and steers calls to a real phone."""

from __future__ import annotations

import time

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.calls_e2e.baresip import Baresip
from tests.support import audio

PASSWORD = "secret-of-tia"


@pytest.fixture
def client(server, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", server.ready["ca_file"])
    client = Client(server.ready["account_sid"], server.ready["auth_token"])
    client.api.base_url = server.ready["api"]
    return client


@pytest.fixture
def tia(server, tmp_path):
    if not any(known["login"] == "tia" for known in server.request("Clients.json")["clients"]):
        server.add_client("tia", PASSWORD)
    with Baresip(tmp_path / "tia", login="tia", server=server.sip(), password=PASSWORD, answers=True) as phone:
        phone.registered()
        yield phone


def until_status(client, sid, status, seconds=10.0):
    end = time.monotonic() + seconds
    while (call := client.calls(sid).fetch()).status != status:
        assert time.monotonic() < end, f"the call is {call.status}, not {status}"
        time.sleep(0.1)
    return call


def test_it_creates_lists_reads_redirects_and_completes_a_call(client, server, app, tia, tmp_path):
    for name, hertz in (("first", 500), ("second", 900)):
        app.pages[f"/{name}.wav"] = audio.write_wav(tmp_path / f"{name}.wav", audio.sine(hertz, 20_000)).read_bytes()
        app.pages[f"/{name}"] = f"<Response><Play>/{name}.wav</Play></Response>"
    app.pages["/status"] = "<Response/>"
    created = client.calls.create(
        to="client:tia",
        from_="+15005550006",
        url=app.url("/first?greeting=caf%C3%A9&greeting=2"),
        status_callback=app.url("/status"),
        status_callback_event=["initiated", "ringing", "answered", "completed"],
        record=True,
    )
    assert created.status == "queued"
    assert created.direction == "outbound-api"
    tia.until("CALL_ESTABLISHED")
    assert until_status(client, created.sid, "in-progress").start_time is not None
    assert created.sid in {call.sid for call in client.calls.list(status="in-progress", limit=20)}
    asked = app.wait_for("/first", CallSid=created.sid)
    assert asked.parameters["CallStatus"] == "in-progress"
    time.sleep(1.5)

    client.calls(created.sid).update(url=app.url("/second"), method="POST")
    app.wait_for("/second", CallSid=created.sid)
    time.sleep(1.5)

    client.calls(created.sid).update(status="completed")
    tia.until("CALL_CLOSED")
    ended = until_status(client, created.sid, "completed")
    assert 2 <= int(ended.duration) <= 8
    assert ended.end_time >= ended.start_time
    app.wait_for("/status", CallSid=created.sid, CallStatus="completed")
    progress = [asked.parameters for asked in app.asked("/status")]
    assert [each["CallStatus"] for each in progress] == ["initiated", "ringing", "in-progress", "completed"]
    assert [each["SequenceNumber"] for each in progress] == ["0", "1", "2", "3"]
    (recording,) = client.calls(created.sid).recordings.list()
    assert (progress[-1]["RecordingSid"], progress[-1]["RecordingDuration"]) == (recording.sid, recording.duration)
    sound = requests.get(progress[-1]["RecordingUrl"], auth=client.auth, timeout=10)
    assert sound.headers["content-type"] == "audio/wav"
    assert len(sound.content) > 2 * 16_000
    heard = tia.heard()
    assert audio.presence(heard, 500) >= 900
    assert audio.presence(heard, 900) >= 900


def test_it_pages_through_calls_and_refuses_what_cannot_be(client, server, app):
    with pytest.raises(TwilioRestException) as refused:
        client.calls.create(to="client:tia", from_="+15005550006", url="not a url")
    assert (refused.value.status, refused.value.code) == (400, 21205)
    with pytest.raises(TwilioRestException) as missing:
        client.calls("CA" + "0" * 32).fetch()
    assert (missing.value.status, missing.value.code) == (404, 20404)
    every = client.calls.list(page_size=2, limit=7)
    assert len({call.sid for call in every}) == len(every) >= 1


def test_a_call_that_cannot_be_made_is_refused_with_its_reason(client, server):
    server.add_client("vic", "secret-of-vic")
    for to, reason in (("client:vic", "client vic is not registered"), ("client:nobody", "there is no client nobody")):
        with pytest.raises(TwilioRestException, match=reason) as refused:
            client.calls.create(to=to, from_="+15005550006", twiml="<Response><Say>Hello</Say></Response>")
        assert refused.value.status == 400


def test_an_unanswered_call_can_be_cancelled(client, server, app, tmp_path):
    if not any(known["login"] == "uma" for known in server.request("Clients.json")["clients"]):
        server.add_client("uma", "secret-of-uma")
    with Baresip(tmp_path / "uma", login="uma", server=server.sip(), password="secret-of-uma", answers=False) as uma:
        uma.registered()
        created = client.calls.create(
            to="client:uma", from_="+15005550006", twiml="<Response><Say>Hello</Say></Response>"
        )
        uma.until("CALL_INCOMING")
        until_status(client, created.sid, "ringing")
        client.calls(created.sid).update(status="canceled")
        uma.until("CALL_CLOSED")
    assert until_status(client, created.sid, "canceled").duration in (None, "0")
