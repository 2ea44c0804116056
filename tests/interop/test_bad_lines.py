"""A whole call on a bad line, in virtual time: challenged, answered, held, resumed, told by INFO, and hung up, each once."""

from __future__ import annotations

import pytest

from offhook.sip.digest import Challenger
from offhook.sip.events import (
    CallAnswered,
    CallConfirmed,
    CallEnded,
    DigitReceived,
    EndCause,
    Event,
    IncomingCall,
    InfoAnswered,
    OfferAnswered,
    OfferReceived,
)
from offhook.sip.signalling import Invitation
from offhook.sip.testing import Side, Wire, counted_bits
from tests.interop.bad_lines import BAD_LINES

SDP = b"v=0\r\n"
SEEDS = range(12)
LIMIT = 120.0
"""Seconds in which everything must be over, its retransmissions too."""


class Conversation:
    """The left side calls, holds and resumes; the right one asks for credentials, answers, and hangs up."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        bits = counted_bits(7)
        self._challenger = Challenger(b"k" * 32, random_bits=bits, algorithms=("MD5",))
        self._held = False
        wire.left.on_event, wire.right.on_event = self._calling, self._called

    def run(self) -> None:
        invitation = Invitation(
            target="sip:1@192.0.2.2", from_uri="sip:a@192.0.2.1", sdp=SDP, username="a", password="secret"
        )
        self.wire.left.endpoint.invite(invitation, self.wire.now)
        self.wire.run(LIMIT)

    def _called(self, event: Event) -> None:
        endpoint, now = self.wire.right.endpoint, self.wire.now
        match event:
            case IncomingCall(call=call, request=request) if request.get("proxy-authorization") is None:
                challenges = self._challenger.challenges("x", now=now, peer="192.0.2.1")
                endpoint.challenge(call, challenges, now, proxy=True)
            case IncomingCall(call=call):
                endpoint.ring(call, now)
                endpoint.answer(call, SDP, now)
            case OfferReceived(call=call):
                endpoint.accept_offer(call, SDP, now)
            case DigitReceived(call=call):
                endpoint.hangup(call, now)
            case _:
                pass

    def _calling(self, event: Event) -> None:
        endpoint, now = self.wire.left.endpoint, self.wire.now
        match event:
            case CallAnswered(call=call):
                endpoint.reinvite(call, SDP, now)
            case OfferAnswered(call=call) if not self._held:
                self._held = True
                endpoint.reinvite(call, SDP, now)
            case OfferAnswered(call=call):
                endpoint.info(call, "application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", now)
            case _:
                pass


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("line", BAD_LINES)
def test_a_call_on_a_bad_line_goes_as_on_a_good_one(line: str, seed: int) -> None:
    wire = Wire(fate=BAD_LINES[line].fate(seed))
    Conversation(wire).run()
    assert wire.idle
    left, right = wire.left, wire.right
    assert count(left, CallAnswered) == 1
    assert count(left, OfferAnswered) == count(right, OfferReceived) == 2
    assert [event.digit for event in right.of(DigitReceived)] == ["5"]
    assert count(right, CallConfirmed) == 1
    assert [event.cause for event in left.of(CallEnded)] == [EndCause.BYE]
    assert right.of(CallEnded)[-1].cause is EndCause.HANGUP
    assert count(left, InfoAnswered) <= 1, "the call may end before its INFO is answered"


def count(side: Side, kind: type[Event]) -> int:
    return len(side.of(kind))
