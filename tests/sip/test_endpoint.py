"""Transcripts of whole calls between two endpoints."""

from __future__ import annotations

import pytest

from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import (
    CallAnswered,
    CallConfirmed,
    CallEnded,
    CallHandle,
    CallRinging,
    DigitReceived,
    EndCause,
    FlowLost,
    IncomingCall,
    InfoAnswered,
    OfferAnswered,
    OfferReceived,
    OfferRefused,
    PingAnswered,
    RegisterReceived,
)
from offhook.sip.flow import Flow, Transport
from offhook.sip.settings import SipSettings
from offhook.sip.signalling import Invitation
from offhook.sip.testing import Side, Wire, counted_bits

OFFER = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n"
ANSWER = b"v=0\r\no=- 2 2 IN IP4 192.0.2.2\r\n"


def call(wire: Wire, **more: object) -> CallHandle:
    invitation = Invitation(
        target="sip:1000@192.0.2.2",
        from_uri="sip:alice@192.0.2.1",
        sdp=OFFER,
        destination=wire.towards(wire.right),
        **more,
    )  # type: ignore[arg-type]
    return wire.left.endpoint.invite(invitation, wire.now)


def standing(wire: Wire) -> tuple[CallHandle, CallHandle]:
    """A call that stands, by both handles."""
    ours = call(wire)
    wire.run(0.1)
    theirs = wire.right.one(IncomingCall).call
    wire.right.endpoint.answer(theirs, ANSWER, wire.now)
    wire.run(0.1)
    wire.left.one(CallAnswered)
    wire.right.one(CallConfirmed)
    return ours, theirs


@pytest.mark.parametrize("transport", list(Transport))
def test_a_call_rings_is_answered_and_hung_up_and_leaves_nothing_behind(transport: Transport) -> None:
    wire = Wire(transport=transport)
    ours = call(wire)
    wire.run(0.1)
    incoming = wire.right.one(IncomingCall)
    assert incoming.offer == OFFER
    wire.right.endpoint.ring(incoming.call, wire.now)
    wire.run(0.1)
    assert wire.left.one(CallRinging).response.status == 180
    wire.right.endpoint.answer(incoming.call, ANSWER, wire.now)
    wire.run(0.1)
    assert wire.left.one(CallAnswered).sdp == ANSWER
    wire.right.one(CallConfirmed)
    wire.left.endpoint.hangup(ours, wire.now)
    wire.run()
    assert wire.left.one(CallEnded).cause is EndCause.HANGUP
    assert wire.right.one(CallEnded).cause is EndCause.BYE
    assert wire.transcript == [
        "> INVITE",
        "< 100 INVITE",
        "< 180 INVITE",
        "< 200 INVITE",
        "> ACK",
        "> BYE",
        "< 200 BYE",
    ]
    assert wire.idle


def test_the_called_side_hangs_up_with_a_reason() -> None:
    wire = Wire()
    _, theirs = standing(wire)
    wire.right.endpoint.hangup(theirs, wire.now, 'SIP;cause=500;text="broken"')
    wire.run()
    ended = wire.left.one(CallEnded)
    assert ended.cause is EndCause.BYE
    assert ended.message is not None
    assert ended.message.get("reason") == 'SIP;cause=500;text="broken"'
    assert wire.idle


def test_a_caller_who_gives_up_cancels() -> None:
    wire = Wire()
    ours = call(wire)
    wire.run(0.1)
    wire.left.endpoint.hangup(ours, wire.now)
    wire.run()
    assert wire.right.one(CallEnded).cause is EndCause.CANCELED
    assert wire.left.one(CallEnded).cause is EndCause.HANGUP
    assert wire.transcript == ["> INVITE", "< 100 INVITE", "> CANCEL", "< 200 CANCEL", "< 487 INVITE", "> ACK"]
    assert wire.idle


def test_a_cancel_waits_for_a_provisional_response() -> None:
    wire = Wire()
    ours = call(wire)
    wire.left.endpoint.hangup(ours, wire.now)
    wire.settle()
    assert wire.transcript == ["> INVITE"]
    wire.run()
    assert wire.transcript[1:3] == ["< 100 INVITE", "> CANCEL"]
    assert wire.idle


def test_an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up() -> None:
    wire = Wire()
    ours = call(wire)
    wire.run(0.1)
    wire.right.endpoint.answer(wire.right.one(IncomingCall).call, ANSWER, wire.now)
    wire.left.endpoint.hangup(ours, wire.now)
    wire.run()
    assert wire.left.of(CallAnswered) == []
    assert wire.left.one(CallEnded).cause is EndCause.HANGUP
    assert wire.right.one(CallEnded).cause is EndCause.BYE
    assert wire.transcript[-2:] == ["> BYE", "< 200 BYE"] or "> BYE" in wire.transcript
    assert wire.idle


def test_a_refused_caller_hears_the_status_and_reason() -> None:
    wire = Wire()
    call(wire)
    wire.run(0.1)
    wire.right.endpoint.refuse(wire.right.one(IncomingCall).call, 486, wire.now)
    wire.run()
    ended = wire.left.one(CallEnded)
    assert (ended.cause, ended.code) == (EndCause.REFUSED_BY_THEM, 486)
    assert wire.right.one(CallEnded).cause is EndCause.REFUSED_BY_US
    assert wire.idle


def test_a_2xx_is_repeated_until_it_is_acknowledged_and_the_call_ends_when_it_never_is() -> None:
    wire = Wire()
    call(wire)
    wire.run(0.1)
    wire.fate = lambda data: [] if data.startswith(b"ACK") else [0.01]
    wire.right.endpoint.answer(wire.right.one(IncomingCall).call, ANSWER, wire.now)
    wire.run()
    assert wire.transcript.count("< 200 INVITE") == 11  # 0, 0.5, 1.5, 3.5, 7.5, then every 4 s to 31.5
    assert wire.right.one(CallEnded).cause is EndCause.NO_ACK
    assert wire.left.one(CallEnded).cause is EndCause.BYE
    assert wire.idle


def test_a_callee_who_hangs_up_before_the_ack_waits_for_it_with_the_bye() -> None:
    wire = Wire()
    call(wire)
    wire.run(0.1)
    theirs = wire.right.one(IncomingCall).call
    wire.right.endpoint.answer(theirs, ANSWER, wire.now)
    wire.right.endpoint.hangup(theirs, wire.now)
    wire.run()
    assert wire.transcript[2:] == ["< 200 INVITE", "> ACK", "< BYE", "> 200 BYE"]
    assert wire.right.one(CallEnded).cause is EndCause.HANGUP
    assert wire.idle


def test_nobody_there_ends_the_call_after_64_t1() -> None:
    wire = Wire(fate=lambda _data: [])
    call(wire)
    wire.run(31.9)
    assert wire.left.of(CallEnded) == []
    wire.run()
    assert wire.left.one(CallEnded).cause is EndCause.NO_RESPONSE
    assert wire.transcript == ["> INVITE"] * 7
    assert wire.idle


def test_a_failed_transport_ends_the_call_at_once() -> None:
    wire = Wire(fate=lambda _data: [])
    call(wire)
    wire.left.endpoint.transport_failed(wire.towards(wire.right), wire.now)
    wire.settle()
    assert wire.left.one(CallEnded).cause is EndCause.UNREACHABLE
    wire.run()
    assert wire.idle


def test_an_invite_without_sdp_gets_the_offer_in_the_2xx_and_the_answer_in_the_ack() -> None:
    wire = Wire()
    invitation = Invitation(target="sip:1000@192.0.2.2", from_uri="sip:alice@192.0.2.1")
    ours = wire.left.endpoint.invite(invitation, wire.now)
    wire.run(0.1)
    incoming = wire.right.one(IncomingCall)
    assert incoming.offer is None
    wire.right.endpoint.answer(incoming.call, OFFER, wire.now)
    wire.run(0.1)
    assert wire.left.one(CallAnswered).sdp == OFFER
    assert "> ACK" not in wire.transcript
    wire.left.endpoint.acknowledge(ours, ANSWER, wire.now)
    wire.run(0.1)
    assert wire.right.one(CallConfirmed).sdp == ANSWER
    wire.left.endpoint.hangup(ours, wire.now)
    wire.run()
    assert wire.idle


def test_a_reinvite_is_offered_and_answered_both_ways() -> None:
    wire = Wire()
    ours, theirs = standing(wire)
    wire.left.endpoint.reinvite(ours, b"hold", wire.now)
    wire.run(0.1)
    assert wire.right.one(OfferReceived).offer == b"hold"
    wire.right.endpoint.accept_offer(theirs, b"held", wire.now)
    wire.run(0.1)
    assert wire.left.one(OfferAnswered).sdp == b"held"
    wire.right.endpoint.reinvite(theirs, b"resume", wire.now)
    wire.run(0.1)
    assert wire.left.one(OfferReceived).offer == b"resume"
    wire.left.endpoint.refuse_offer(ours, wire.now)
    wire.run(0.1)
    assert wire.right.one(OfferRefused).code == 488
    wire.left.endpoint.hangup(ours, wire.now)
    wire.run()
    assert wire.idle


def test_reinvites_that_cross_are_tried_again_later_and_both_succeed() -> None:
    wire = Wire()
    ours, theirs = standing(wire)
    wire.left.on_event = lambda event: (
        wire.left.endpoint.accept_offer(ours, b"yes", wire.now) if isinstance(event, OfferReceived) else None
    )
    wire.right.on_event = lambda event: (
        wire.right.endpoint.accept_offer(theirs, b"yes", wire.now) if isinstance(event, OfferReceived) else None
    )
    wire.left.endpoint.reinvite(ours, b"left", wire.now)
    wire.right.endpoint.reinvite(theirs, b"right", wire.now)
    wire.run(10)
    assert "> 491 INVITE" in wire.transcript
    assert "< 491 INVITE" in wire.transcript
    wire.left.one(OfferAnswered)
    wire.right.one(OfferAnswered)
    wire.left.endpoint.hangup(ours, wire.now)
    wire.run()
    assert wire.idle


def test_keys_arrive_by_info() -> None:
    wire = Wire()
    ours, _ = standing(wire)
    wire.left.endpoint.info(ours, "application/dtmf-relay", b"Signal=#\r\nDuration=160\r\n", wire.now)
    wire.run(0.1)
    digit = wire.right.one(DigitReceived)
    assert (digit.digit, digit.duration) == ("#", 0.16)
    assert wire.left.one(InfoAnswered).code == 200
    wire.left.endpoint.info(ours, "text/plain", b"hello", wire.now)
    wire.run(0.1)
    assert wire.left.of(InfoAnswered)[1].code == 415
    wire.left.endpoint.hangup(ours, wire.now)
    wire.run()
    assert wire.idle


def test_a_far_end_that_lost_the_call_ends_it() -> None:
    wire = Wire()
    ours, _ = standing(wire)
    wire.right = Wire().right  # it restarted
    wire.left.endpoint.info(ours, "application/dtmf", b"5", wire.now)
    wire.run()
    assert wire.left.one(InfoAnswered).code == 481
    assert wire.left.one(CallEnded).cause is EndCause.GONE
    assert wire.left.endpoint.idle


def test_a_dead_far_end_does_not_hold_a_hangup_longer_than_our_patience() -> None:
    wire = Wire()
    ours, _ = standing(wire)
    wire.fate = lambda _data: []
    wire.left.endpoint.hangup(ours, wire.now)
    wire.run(SipSettings().hangup_patience)
    assert wire.left.one(CallEnded).cause is EndCause.HANGUP
    wire.run()
    assert wire.left.endpoint.idle


def test_byes_that_cross_are_both_answered() -> None:
    wire = Wire()
    ours, theirs = standing(wire)
    wire.left.endpoint.hangup(ours, wire.now)
    wire.right.endpoint.hangup(theirs, wire.now)
    wire.run()
    assert "> 200 BYE" in wire.transcript
    assert "< 200 BYE" in wire.transcript
    assert wire.idle


def test_options_is_answered_with_what_we_can() -> None:
    wire = Wire()
    handle = wire.left.endpoint.ping("sip:192.0.2.2", wire.now)
    wire.run()
    assert wire.left.one(PingAnswered).handle == handle
    assert wire.left.one(PingAnswered).code == 200
    assert wire.idle


def test_an_options_that_nobody_answers_says_so() -> None:
    wire = Wire(fate=lambda _data: [])
    wire.left.endpoint.ping("sip:192.0.2.2", wire.now)
    wire.run()
    assert wire.left.one(PingAnswered).code is None
    assert wire.idle


def register(n: int = 1) -> bytes:
    return (
        f"REGISTER sip:192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKr{n};rport\r\nMax-Forwards: 70\r\n"
        f"From: <sip:a@192.0.2.2>;tag=r\r\nTo: <sip:a@192.0.2.2>\r\nCall-ID: r{n}\r\nCSeq: {n} REGISTER\r\n"
        "Contact: <sip:a@192.0.2.1>\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def test_a_register_is_surfaced_challenged_and_replied_to() -> None:
    wire = Wire()
    wire.inject(wire.right, register(1))
    wire.right.endpoint.challenge(wire.right.one(RegisterReceived).handle, ['Digest realm="a", nonce="b"'], wire.now)
    wire.inject(wire.right, register(2))
    wire.right.endpoint.reply(wire.right.of(RegisterReceived)[1].handle, 200, wire.now, headers=[("Expires", "60")])
    wire.settle()
    assert wire.transcript == ["< 401 REGISTER", "< 200 REGISTER"]
    wire.run()
    assert wire.idle


def test_a_register_that_nobody_decides_gets_500() -> None:
    wire = Wire()
    wire.inject(wire.right, register())
    wire.run()
    assert wire.transcript == ["< 500 REGISTER"]
    assert wire.idle


def test_an_incoming_call_that_nobody_decides_ends() -> None:
    wire = Wire(SipSettings(user_agent="", invite_limit=1000), right_settings=SipSettings(answer_limit=100))
    call(wire)
    wire.run()
    assert wire.right.one(CallEnded).code == 480
    assert wire.idle


def test_a_call_that_rings_for_ever_is_cancelled_after_the_limit() -> None:
    wire = Wire(SipSettings(user_agent="", invite_limit=60), right_settings=SipSettings(answer_limit=1000))
    call(wire)
    wire.run()
    assert wire.left.one(CallEnded).cause is EndCause.NO_RESPONSE
    assert wire.right.one(CallEnded).cause is EndCause.CANCELED
    assert wire.idle


def test_intentions_on_an_ended_call_do_nothing_and_on_an_unknown_one_raise() -> None:
    wire = Wire()
    ours, theirs = standing(wire)
    wire.left.endpoint.hangup(ours, wire.now)
    wire.run()
    before = list(wire.transcript)
    wire.left.endpoint.hangup(ours, wire.now)
    wire.right.endpoint.answer(theirs, ANSWER, wire.now)
    wire.right.endpoint.info(theirs, "application/dtmf", b"1", wire.now)
    wire.settle()
    assert wire.transcript == before
    with pytest.raises(LocalProtocolError):
        wire.left.endpoint.hangup(CallHandle(99), wire.now)


def test_an_intention_in_the_wrong_state_is_our_error() -> None:
    wire = Wire()
    _, theirs = standing(wire)
    with pytest.raises(LocalProtocolError):
        wire.right.endpoint.answer(theirs, ANSWER, wire.now)


def test_the_same_calls_give_the_same_bytes() -> None:
    def play() -> list[str]:
        wire = Wire()
        sent: list[bytes] = []
        wire.fate = lambda data: sent.append(data) or [0.01]  # type: ignore[func-returns-value]
        ours, _ = standing(wire)
        wire.left.endpoint.hangup(ours, wire.now)
        wire.run()
        return [data.decode() for data in sent]

    assert play() == play()


def test_a_thousand_calls_leave_every_table_empty() -> None:
    wire = Wire(right_settings=SipSettings(source_burst=5000))
    wire.right.on_event = lambda event: (
        wire.right.endpoint.answer(event.call, ANSWER, wire.now) if isinstance(event, IncomingCall) else None
    )
    wire.left.on_event = lambda event: (
        wire.left.endpoint.hangup(event.call, wire.now) if isinstance(event, CallAnswered) else None
    )
    for _ in range(1000):
        call(wire)
        wire.run(0.02)
    wire.run()
    assert len(wire.left.of(CallEnded)) == len(wire.right.of(CallEnded)) == 1000
    assert wire.idle


@pytest.mark.parametrize("seed", range(30))
def test_calls_with_all_extensions_end_the_same_on_both_sides_of_a_line_that_loses_repeats_and_reorders(
    seed: int,
) -> None:
    bits = counted_bits(seed)

    def fate(_data: bytes) -> list[float]:
        dice = bits(8)
        if dice < 50:
            return []
        delays = [0.01 + bits(8) / 500]
        return delays if dice < 200 else [*delays, 0.01 + bits(8) / 300]

    wire = Wire(SipSettings(user_agent="", session_expires=120), fate=fate, seed=seed)
    ours = call(wire)
    wire.run(5)
    for incoming in wire.right.of(IncomingCall):
        wire.right.endpoint.ring(incoming.call, wire.now, 183, sdp=ANSWER)
        wire.right.endpoint.answer(incoming.call, ANSWER, wire.now)
    for side in (wire.left, wire.right):

        def accept(event: object, side: Side = side) -> None:
            if isinstance(event, OfferReceived):
                side.endpoint.accept_offer(event.call, ANSWER, wire.now)

        side.on_event = accept
    wire.run(100)
    if wire.left.of(CallAnswered) and not wire.left.of(CallEnded):
        wire.left.endpoint.reinvite(ours, OFFER, wire.now)
    wire.run(300)
    wire.left.endpoint.hangup(ours, wire.now)
    wire.run()
    assert len(wire.left.of(CallEnded)) == 1
    assert len(wire.left.of(CallAnswered)) <= 1
    assert len(wire.right.of(CallEnded)) == len(wire.right.of(IncomingCall)) <= 1
    assert wire.idle


def test_a_dialog_whose_connection_is_lost_goes_where_its_contact_says() -> None:
    wire = Wire(transport=Transport.TCP)
    ours, theirs = standing(wire)
    flow = wire.right.one(IncomingCall).source
    wire.right.endpoint.flow_lost(flow)
    wire.settle()
    assert wire.right.one(FlowLost).flow == flow
    wire.right.endpoint.hangup(theirs, wire.now)
    (bye,) = wire.right.endpoint.transmits()
    assert bye.destination == Flow(Transport.TCP, "192.0.2.1", 5060)
    wire._carry(wire.right, wire.left, bye)
    wire.run()
    assert wire.left.one(CallEnded).call == ours
    assert wire.idle
