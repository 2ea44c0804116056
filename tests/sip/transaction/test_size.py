from __future__ import annotations

import pytest

from offhook.sip.events import CallAnswered, CallEnded, EndCause, IncomingCall
from offhook.sip.flow import Flow, Transport
from offhook.sip.settings import SipSettings
from offhook.sip.signalling import Invitation
from offhook.sip.testing import Wire
from offhook.sip.transaction.size import SizeSwitch

UDP = Flow(Transport.UDP, "192.0.2.2", 5060)
TCP = Flow(Transport.TCP, "192.0.2.2", 5060)
SMALL, LARGE = b"v=0\r\n", b"v=0\r\n" + b"a=x\r\n" * 400


@pytest.mark.parametrize(
    ("flow", "size", "instead"),
    [
        (UDP, 1300, None),
        (UDP, 1301, TCP),
        (UDP._replace(connection=1), 5000, None),
        (TCP, 5000, None),
        (Flow(Transport.WSS, "192.0.2.2", 443, 7), 5000, None),
    ],
)
def test_what_is_too_large_for_a_datagram_takes_tcp(flow: Flow, size: int, instead: Flow | None) -> None:
    assert SizeSwitch(1300).instead(flow, size, 0.0) == instead
    assert SizeSwitch(0).instead(flow, size, 0.0) is None


def test_who_refuses_tcp_is_left_alone_for_a_while() -> None:
    switch = SizeSwitch(1300)
    switch.refused(UDP, 0.0)
    assert switch.instead(UDP, 5000, 599.0) is None
    assert switch.instead(UDP._replace(host="192.0.2.3"), 5000, 599.0) is not None
    assert switch.instead(UDP, 5000, 600.0) == TCP


def test_as_many_destinations_are_remembered_as_may_be() -> None:
    switch = SizeSwitch(1300)
    for number in range(1001):
        switch.refused(UDP._replace(port=number), 0.0)
    assert switch.instead(UDP._replace(port=0), 5000, 1.0) is not None
    assert switch.instead(UDP._replace(port=1000), 5000, 1.0) is None


def called(sdp: bytes, **settings: object) -> Wire:
    """A line on which the left side has called the right one, named by UDP."""
    wire = Wire(SipSettings(user_agent="", **settings))  # type: ignore[arg-type]
    wire.left.endpoint.invite(
        Invitation(target="sip:1000@192.0.2.2", from_uri="sip:a@192.0.2.1", sdp=sdp, destination=UDP), wire.now
    )
    return wire


def first(wire: Wire) -> tuple[Flow, bytes]:
    (transmit,) = wire.left.endpoint.transmits()
    return transmit.destination, transmit.data.split(b"\r\n")[1].split()[1]


def test_a_large_invite_leaves_over_tcp_and_says_so_in_via() -> None:
    assert first(called(SMALL)) == (UDP, b"SIP/2.0/UDP")
    assert first(called(LARGE)) == (TCP, b"SIP/2.0/TCP")
    assert first(called(LARGE, max_datagram=0)) == (UDP, b"SIP/2.0/UDP")


def test_where_tcp_is_refused_it_leaves_over_udp_after_all() -> None:
    wire = called(LARGE)
    first(wire)
    wire.left.endpoint.transport_failed(TCP, wire.now)
    assert first(wire) == (UDP, b"SIP/2.0/UDP")
    wire.left.endpoint.transport_failed(UDP, wire.now)
    wire.run()
    assert wire.left.one(CallEnded).cause is EndCause.UNREACHABLE
    assert wire.idle


def test_where_tcp_leads_to_nothing_it_leaves_over_udp_too_and_the_call_stands() -> None:
    wire = called(LARGE)
    first(wire)  # lost: nothing answers over TCP
    wire.run(1.1)
    incoming = wire.right.one(IncomingCall)
    assert incoming.request.via.transport == "UDP"
    wire.right.endpoint.answer(incoming.call, SMALL, wire.now)
    wire.run(0.1)
    assert wire.left.one(CallAnswered)
    wire.left.endpoint.hangup(wire.left.one(CallAnswered).call, wire.now)
    wire.run()
    assert wire.idle


def test_an_answer_over_tcp_ends_the_waiting_for_udp() -> None:
    wire = called(LARGE)
    wire.transport = Transport.TCP
    wire.run(5.0)
    assert len([line for line in wire.transcript if line == "> INVITE"]) == 1
    wire.right.endpoint.refuse(wire.right.one(IncomingCall).call, 486, wire.now)
    wire.run()
    assert wire.left.one(CallEnded).code == 486
    assert wire.idle
