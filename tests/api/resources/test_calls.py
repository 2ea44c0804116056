from __future__ import annotations

from datetime import timedelta

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.support.api_node import RESTCOMM, ApiNode, make_call


def test_the_client_library_makes_redirects_and_ends_a_call(node: ApiNode, client: Client) -> None:
    call = client.calls.create(
        to="+14155550100",
        from_="+14155550101",
        url="https://example.org/menu",
        method="GET",
        status_callback="https://example.org/done",
        status_callback_event=["initiated", "ringing"],
        send_digits="ww12#",
        timeout=20,
    )
    assert (call.status, call.direction, call.to, call._from) == (
        "queued",
        "outbound-api",
        "+14155550100",
        "+14155550101",
    )
    assert call.date_created == node.clock.utc()
    assert call.start_time is None
    order = node.calls.orders[-1]
    assert (order.application.url, order.application.method) == ("https://example.org/menu", "GET")
    assert order.status_callback is not None
    assert order.status_callback.events == {"initiated", "ringing"}
    assert (order.send_digits, order.timeout, order.api_version) == ("ww12#", 20, "2010-04-01")

    node.loop.call_soon_threadsafe(node.calls.answer, call.sid)
    assert client.calls(call.sid).fetch().status == "in-progress"

    redirected = client.calls(call.sid).update(twiml="<Response><Hangup/></Response>")
    assert redirected.status == "in-progress"
    assert node.calls.redirects[-1].document == "<Response><Hangup/></Response>"

    node.clock.advance(7)
    ended = client.calls(call.sid).update(status="completed")
    assert (ended.status, ended.duration) == ("completed", "7")
    assert ended.end_time - ended.start_time == timedelta(seconds=7)
    assert client.calls(call.sid).fetch().status == "completed"
    assert client.calls(call.sid).delete() is True
    with pytest.raises(TwilioRestException) as refused:
        client.calls(call.sid).fetch()
    assert (refused.value.status, refused.value.code) == (404, 20404)


def test_a_call_that_is_over_cannot_be_redirected(client: Client) -> None:
    call = client.calls.create(to="client:alice", from_="1000", twiml="<Response/>")
    assert client.calls(call.sid).update(status="canceled").status == "canceled"
    with pytest.raises(TwilioRestException) as refused:
        client.calls(call.sid).update(url="https://example.org/")
    assert (refused.value.status, refused.value.code) == (400, 21220)


def test_a_live_call_cannot_be_deleted(client: Client) -> None:
    call = client.calls.create(to="client:alice", from_="1000", twiml="<Response/>")
    with pytest.raises(TwilioRestException) as refused:
        client.calls(call.sid).delete()
    assert refused.value.status == 409
    client.calls(call.sid).update(status="completed")


def test_an_ended_call_is_gone(fresh: ApiNode) -> None:
    sid = make_call(fresh)
    fresh.loop.call_soon_threadsafe(fresh.calls.answer, sid)
    assert fresh.ask("POST", f"{RESTCOMM}/Calls/{sid}.json", data={"Status": "canceled"}).status_code == 410
    assert fresh.ask("POST", f"{RESTCOMM}/Calls/{sid}.json", data={"Status": "busy"}).status_code == 400
    assert fresh.ask("POST", f"{RESTCOMM}/Calls/{sid}.json", data={}).status_code == 400
    assert (
        fresh.ask("PUT", f"{RESTCOMM}/Calls/{sid}.json", data={"Status": "completed"}).json()["status"] == "completed"
    )
    assert fresh.ask("POST", f"{RESTCOMM}/Calls/{sid}.json", data={"Status": "completed"}).status_code == 410
