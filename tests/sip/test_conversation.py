"""Requests within a call, against a peer played by hand."""

from __future__ import annotations

import pytest

from offhook.sip.events import CallEnded, EndCause, IncomingCall
from tests.sip.raw import Line, request


class Standing(Line):
    """A call that came in and stands."""

    def __init__(self) -> None:
        super().__init__()
        self.says(request())
        self.call = self.side.one(IncomingCall).call
        self.endpoint.answer(self.call, b"v=0", 0.0)
        self.wire.settle()
        self.to = self.last().get("to") or ""
        self.says(request("ACK", branch="ack", to=self.to))
        self.hears()
        self.number = 1

    def asks(self, method: str, **more: object) -> None:
        self.number += 1
        self.says(request(method, branch=f"r{self.number}", cseq=self.number, to=self.to, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("UPDATE", "200 UPDATE"),
        ("PRACK", "481 PRACK"),
        ("OPTIONS", "200 OPTIONS"),
        ("INFO", "200 INFO"),
        ("BYE", "200 BYE"),
    ],
)
def test_requests_in_a_call_are_answered(method: str, answer: str) -> None:
    line = Standing()
    line.asks(method)
    assert line.hears() == [answer]


def test_a_request_out_of_order_is_refused() -> None:
    line = Standing()
    line.says(request("INFO", branch="old", cseq=1, to=line.to))
    assert line.hears() == ["500 INFO"]


def test_a_repeated_bye_is_answered_again() -> None:
    line = Standing()
    line.asks("BYE")
    line.number -= 1
    line.asks("BYE")
    assert line.hears() == ["200 BYE", "200 BYE"]
    assert line.side.one(CallEnded).cause is EndCause.BYE


def test_an_info_package_that_nobody_takes_is_refused_and_keys_are_taken_beside() -> None:
    line = Standing()
    line.asks("INFO", headers=["Info-Package: foo", "Content-Type: application/foo"], body="x")
    assert line.hears() == ["469 INFO"]
    assert line.last().get("recv-info") == ""
    line.asks("INFO", headers=["Content-Type: application/dtmf"], body="5")
    assert line.hears() == ["200 INFO"]
