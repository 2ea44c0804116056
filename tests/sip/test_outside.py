from __future__ import annotations

from dataclasses import replace

import pytest

from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import MessageAnswered, MessageReceived, PingAnswered, RegisterReceived
from offhook.sip.settings import SipSettings
from offhook.sip.signalling import InstantMessage
from offhook.sip.testing import Wire
from tests.sip.raw import Line, request


def test_a_repeated_register_is_told_once_and_answered_twice() -> None:
    line = Line()
    line.says(request("REGISTER"))
    line.says(request("REGISTER"))
    assert line.hears() == []
    line.endpoint.reply(line.side.one(RegisterReceived).handle, 200, 0.0, headers=[("Expires", "60")])
    line.wire.settle()
    line.says(request("REGISTER"))
    assert line.hears() == ["200 REGISTER", "200 REGISTER"]
    assert line.last().get("expires") == "60"


def test_a_request_is_replied_to_once() -> None:
    line = Line()
    line.says(request("REGISTER"))
    handle = line.side.one(RegisterReceived).handle
    line.endpoint.reply(handle, 200, 0.0)
    line.endpoint.reply(handle, 403, 0.0)
    assert line.hears() == ["200 REGISTER"]


def test_a_challenge_carries_every_algorithm() -> None:
    line = Line()
    line.says(request("REGISTER"))
    line.endpoint.challenge(line.side.one(RegisterReceived).handle, ["Digest a", "Digest b"], 0.0)
    line.wire.settle()
    assert (line.last().status, line.last().lines("www-authenticate")) == (401, ["Digest a", "Digest b"])


def test_options_names_methods_and_bodies() -> None:
    line = Line()
    line.says(request("OPTIONS"))
    line.wire.settle()
    assert "INVITE" in line.last().values("allow")
    assert "application/sdp" in line.last().values("accept")


def test_a_ping_over_a_transport_that_is_not_spoken_is_our_error() -> None:
    with pytest.raises(LocalProtocolError):
        Line().endpoint.ping("sip:a@b;transport=sctp", 0.0)


def test_a_ping_that_cannot_be_sent_is_answered_with_nothing() -> None:
    line = Line()
    line.endpoint.ping("sip:192.0.2.1", 0.0)
    line.endpoint.transport_failed(line.wire.towards(line.wire.left), 0.0)
    line.wire.settle()
    assert line.side.one(PingAnswered).code is None


@pytest.mark.parametrize("code", [100, 199, 700])
def test_a_reply_is_final(code: int) -> None:
    line = Line()
    line.says(request("REGISTER"))
    handle = line.side.one(RegisterReceived).handle
    with pytest.raises(LocalProtocolError):
        line.endpoint.reply(handle, code, 0.0)
    line.endpoint.reply(handle, 200, 0.0)
    line.wire.run()
    assert line.endpoint.idle


TEXT = ["Content-Type: text/plain"]


def test_a_message_is_handed_up_and_answered() -> None:
    line = Line()
    line.says(request("MESSAGE", headers=TEXT, body="hello", without=["Contact"]))
    event = line.side.one(MessageReceived)
    assert event.request.body == b"hello"
    line.endpoint.reply(event.handle, 200, 0.0)
    assert line.hears() == ["200 MESSAGE"]


def test_a_message_that_is_too_long_is_refused() -> None:
    line = Line(Wire(SipSettings(max_message=10)))
    line.says(request("MESSAGE", headers=TEXT, body="x" * 11))
    assert line.hears() == ["413 MESSAGE"]
    assert line.side.of(MessageReceived) == []


def test_a_message_of_ours_crosses_a_line_that_loses_things() -> None:
    wire = Wire(SipSettings(user_agent=""))
    fates = iter([[], [0.01], [], [0.01], [0.01]])
    wire.fate = lambda _data: next(fates, [0.01])
    message = InstantMessage(
        target="sip:bob@192.0.2.2",
        from_uri="sip:ann@pbx.test",
        from_name="Ann",
        content_type="text/plain",
        body=b"hello",
    )
    handle = wire.left.endpoint.message(message, wire.now)
    wire.run(3.0)
    event = wire.right.one(MessageReceived)
    assert (event.request.body, event.request.content_type, event.request.get("contact")) == (
        b"hello",
        "text/plain",
        None,
    )
    assert (event.request.from_.display_name, str(event.request.from_.uri)) == ("Ann", "sip:ann@pbx.test")
    wire.right.endpoint.reply(event.handle, 200, wire.now)
    wire.run()
    answered = wire.left.one(MessageAnswered)
    assert (answered.handle, answered.code) == (handle, 200)
    assert wire.idle


def test_a_message_that_nobody_answers_is_given_up() -> None:
    wire = Wire(fate=lambda _data: [])
    message = InstantMessage(
        target="sip:bob@192.0.2.2", from_uri="sip:ann@pbx.test", content_type="text/plain", body=b"hello"
    )
    wire.left.endpoint.message(message, wire.now)
    wire.run()
    assert wire.left.one(MessageAnswered).code is None
    with pytest.raises(LocalProtocolError):
        wire.left.endpoint.message(replace(message, target="tel:+1555"), wire.now)


def test_a_challenge_is_remembered_by_nobody_and_given_again_to_who_did_not_hear_it() -> None:
    line = Line()
    for _ in range(2):
        line.says(request("REGISTER"))
        handle = line.side.of(RegisterReceived)[-1].handle
        line.endpoint.challenge(handle, ['Digest realm="r", nonce="n"'], 0.0)
        line.wire.settle()
        assert line.last().status == 401
        assert line.endpoint.sizes()["server_transactions"] == line.endpoint.sizes()["requests"] == 0
    assert len(line.side.of(RegisterReceived)) == 2
