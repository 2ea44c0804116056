from __future__ import annotations

import pytest

from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import PingAnswered, RegisterReceived
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
