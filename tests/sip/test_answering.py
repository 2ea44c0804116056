"""Calls that come in, against a peer played by hand."""

from __future__ import annotations

import pytest

from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import CallConfirmed, CallEnded, EndCause, IncomingCall
from tests.sip.raw import PEER, Line, request


def test_a_cancel_after_the_answer_has_no_effect() -> None:
    line = Line()
    line.says(request())
    line.endpoint.answer(line.side.one(IncomingCall).call, b"v=0", 0.0)
    line.says(request("CANCEL"))
    assert line.hears() == ["100 INVITE", "200 INVITE", "200 CANCEL"]
    assert line.side.of(CallEnded) == []


def test_a_cancel_after_the_refusal_has_no_effect() -> None:
    line = Line()
    line.says(request())
    line.endpoint.refuse(line.side.one(IncomingCall).call, 486, 0.0)
    line.says(request("CANCEL"))
    assert line.hears() == ["100 INVITE", "486 INVITE", "200 CANCEL"]


def test_a_repeated_cancel_is_answered_again() -> None:
    line = Line()
    line.says(request())
    line.says(request("CANCEL"))
    line.says(request("CANCEL"))
    assert line.hears() == ["100 INVITE", "200 CANCEL", "487 INVITE", "200 CANCEL"]
    assert line.side.one(CallEnded).cause is EndCause.CANCELED


def test_an_ack_with_the_branch_of_its_invite_counts_too() -> None:
    line = Line()
    line.says(request())
    line.endpoint.answer(line.side.one(IncomingCall).call, b"v=0", 0.0)
    line.wire.settle()
    line.says(request("ACK", to=line.last().get("to") or ""))
    line.side.one(CallConfirmed)


def test_a_caller_who_sends_bye_before_the_answer_is_gone() -> None:
    line = Line()
    line.says(request())
    line.endpoint.ring(line.side.one(IncomingCall).call, 0.0)
    line.wire.settle()
    line.says(request("BYE", branch="b", cseq=2, to=line.last().get("to") or ""))
    assert line.hears() == ["100 INVITE", "180 INVITE", "200 BYE", "487 INVITE"]
    assert line.side.one(CallEnded).cause is EndCause.BYE


def test_responses_carry_the_record_route_and_our_contact() -> None:
    line = Line()
    line.says(request(headers=["Record-Route: <sip:p1;lr>, <sip:p2;lr>"]))
    line.endpoint.answer(line.side.one(IncomingCall).call, b"v=0", 0.0)
    line.wire.settle()
    assert [str(route.uri) for route in line.last().record_routes] == ["sip:p1;lr", "sip:p2;lr"]
    assert line.last().get("contact") == "<sip:192.0.2.2:5060>"


@pytest.mark.parametrize("code", [100, 200, 404])
def test_a_ring_that_is_no_provisional_status_is_our_error(code: int) -> None:
    line = Line()
    line.says(request())
    with pytest.raises(LocalProtocolError):
        line.endpoint.ring(line.side.one(IncomingCall).call, 0.0, code)


def test_header_values_cannot_start_a_header_of_their_own() -> None:
    line = Line()
    line.says(request())
    with pytest.raises(LocalProtocolError):
        line.endpoint.refuse(line.side.one(IncomingCall).call, 486, 0.0, headers=[("Reason", "x\r\nEvil: y")])


def test_a_contact_that_leads_nowhere_is_refused() -> None:
    line = Line()
    line.says(request(headers=["Contact: *"], without=("Contact",)))
    assert line.hears() == ["400 INVITE"]
    assert line.side.of(IncomingCall) == []


def test_a_caller_whose_connection_breaks_before_the_answer_leaves_nothing_behind() -> None:
    line = Line()
    line.says(request())
    line.endpoint.transport_failed(PEER, 0.0)
    line.wire.settle()
    assert line.side.one(CallEnded).cause is EndCause.UNREACHABLE
    line.wire.run()
    assert line.endpoint.idle
