"""Whatever the line does, both sides end with nothing left."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.sip.events import CallAnswered, CallConfirmed, CallEnded, Event, IncomingCall, OfferReceived
from offhook.sip.settings import SipSettings
from offhook.sip.signalling import Invitation
from offhook.sip.testing import Wire

FATES = st.lists(
    st.lists(st.sampled_from([0.005, 0.01, 0.3, 0.7, 3.0]), max_size=2) | st.just([]), min_size=1, max_size=40
)
PLANS = st.sampled_from(
    ["caller hangs up", "callee hangs up", "caller cancels", "callee refuses", "reinvite", "both hang up"]
)


@settings(max_examples=150, deadline=None)
@given(FATES, PLANS, st.floats(0, 5), st.booleans())
def test_any_pattern_of_loss_repetition_and_reordering_ends_with_both_sides_idle(
    fates: list[list[float]], plan: str, pause: float, silence_at_the_end: bool
) -> None:
    left = iter(fates)
    rest: list[float] = [] if silence_at_the_end else [0.01]
    wire = Wire(SipSettings(user_agent="", invite_limit=60, answer_limit=90), fate=lambda _data: next(left, rest))

    def called(event: Event) -> None:
        endpoint = wire.right.endpoint
        if isinstance(event, IncomingCall):
            endpoint.ring(event.call, wire.now)
            if plan == "callee refuses":
                endpoint.refuse(event.call, 486, wire.now)
            elif plan != "caller cancels":
                endpoint.answer(event.call, b"v=0", wire.now)
        elif isinstance(event, OfferReceived):
            endpoint.accept_offer(event.call, b"v=0", wire.now)
        elif isinstance(event, CallConfirmed) and plan in ("callee hangs up", "both hang up"):
            endpoint.hangup(event.call, wire.now)

    def calling(event: Event) -> None:
        if isinstance(event, CallAnswered) and plan == "reinvite":
            wire.left.endpoint.reinvite(event.call, b"v=0", wire.now)

    wire.right.on_event, wire.left.on_event = called, calling
    call = wire.left.endpoint.invite(
        Invitation(target="sip:1@192.0.2.2", from_uri="sip:a@192.0.2.1", sdp=b"v=0"), wire.now
    )
    wire.run(pause)
    if plan != "callee hangs up":
        wire.left.endpoint.hangup(call, wire.now)
    wire.run(200)
    for side in (wire.left, wire.right):
        for event in side.of(IncomingCall):  # a far end that vanished is found out by whoever owns the call's timers
            side.endpoint.hangup(event.call, wire.now)
    wire.left.endpoint.hangup(call, wire.now)
    wire.run()
    assert wire.idle
    assert len(wire.left.of(CallEnded)) == 1
    assert len(wire.right.of(CallEnded)) == len(wire.right.of(IncomingCall)) <= 1
    assert wire.now < 600
