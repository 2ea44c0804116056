"""Session timers between two endpoints in virtual time, and against peers played by hand."""

from __future__ import annotations

import pytest

from offhook.sip.events import CallEnded, EndCause, IncomingCall, OfferReceived
from offhook.sip.message import Request, parse
from offhook.sip.session_timer import TABLE, Input, State
from offhook.sip.settings import SipSettings
from offhook.sip.testing import Wire
from tests.sip.raw import Line, request
from tests.sip.test_conversation import Standing
from tests.sip.test_endpoint import call, standing
from tests.sip.test_inviting import Callee
from tests.sip.test_updating import answering

SHORT = SipSettings(user_agent="", session_expires=100)
NONE = SipSettings(user_agent="", session_expires=0)


def test_every_state_has_a_row_and_every_input_a_cell() -> None:
    assert set(TABLE) == set(State)
    assert {what for row in TABLE.values() for what in row} == set(Input)


def test_a_call_is_refreshed_every_half_interval_for_as_long_as_it_lasts() -> None:
    wire = Wire(SHORT)
    ours, _ = standing(wire)
    wire.run(1000)
    assert wire.transcript.count("< UPDATE") == 19
    assert wire.left.of(CallEnded) == wire.right.of(CallEnded) == []
    wire.left.endpoint.hangup(ours, wire.now)
    wire.run()
    assert wire.idle


def test_the_end_that_asks_for_none_keeps_to_what_the_other_asks_for() -> None:
    wire = Wire(NONE, right_settings=SHORT)
    standing(wire)
    wire.run(1000)
    assert wire.transcript.count("< UPDATE") == 19
    wire = Wire(NONE)
    standing(wire)
    wire.run(10_000)
    assert [line for line in wire.transcript if "UPDATE" in line] == []


@pytest.mark.parametrize(("interval", "refresher"), [(1800, EndCause.GONE), (100, EndCause.EXPIRED)])
def test_a_dead_far_end_ends_the_call_of_whoever_refreshes_and_of_whoever_waits(
    interval: int, refresher: EndCause
) -> None:
    wire = Wire(SipSettings(user_agent="", session_expires=interval))
    standing(wire)
    wire.fate = lambda _data: []
    wire.run(interval)
    assert wire.right.one(CallEnded).cause is refresher
    assert wire.left.one(CallEnded).cause is EndCause.EXPIRED
    wire.run()
    assert wire.idle


def test_the_watcher_ends_the_call_a_third_before_the_end_of_a_short_session() -> None:
    line = Line(Wire(SHORT))
    line.says(request(headers=["Supported: timer", "Session-Expires: 90;refresher=uac"]))
    theirs = line.side.one(IncomingCall).call
    line.endpoint.answer(theirs, b"v=0", 0.0)
    line.wire.settle()
    assert line.last().get("session-expires") == "90;refresher=uac"
    assert line.last().require == ["timer"]
    line.says(request("ACK", branch="ack", to=line.last().get("to") or ""))
    line.wire.run(59)
    assert line.side.of(CallEnded) == []
    line.wire.run(2)
    assert line.side.one(CallEnded).cause is EndCause.EXPIRED
    bye = parse(line.sent[-1])
    assert bye.reasons[0].protocol == "Q.850"


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        (["Supported: timer"], "100;refresher=uas"),
        (["Supported: timer", "Session-Expires: 1800"], "100;refresher=uas"),
        (["Supported: timer", "Session-Expires: 95"], "95;refresher=uas"),
        (["Supported: timer", "Session-Expires: 1800;refresher=uac"], "100;refresher=uac"),
        (["Supported: timer", "Session-Expires: 1800", "Min-SE: 600"], "600;refresher=uas"),
        (["Session-Expires: 1800;refresher=uac"], "100;refresher=uas"),
        ([], None),
    ],
)
def test_what_a_caller_asks_for_is_cut_to_what_both_bear(headers: list[str], said: str | None) -> None:
    line = Line(Wire(SHORT))
    line.says(request(headers=headers))
    line.endpoint.answer(line.side.one(IncomingCall).call, b"v=0", 0.0)
    line.wire.settle()
    assert line.last().get("session-expires") == said


def test_a_caller_who_asks_for_too_little_is_told_what_would_do() -> None:
    line = Line()
    line.says(request(headers=["Supported: timer", "Session-Expires: 60"]))
    assert (line.last().status, line.last().get("min-se")) == (422, "90")
    assert line.endpoint.idle
    line.says(request(headers=["Session-Expires: 60"], branch="2", call_id="c2"))
    assert line.last().status == 100


def test_a_callee_who_wants_more_is_asked_again() -> None:
    wire = Wire(SHORT, right_settings=SipSettings(user_agent="", session_expires=3600, min_se=1200))
    ours = call(wire)
    wire.run(0.1)
    wire.right.endpoint.answer(wire.right.one(IncomingCall).call, b"v=0", wire.now)
    wire.run(0.1)
    assert wire.transcript[:5] == ["> INVITE", "< 422 INVITE", "> ACK", "> INVITE", "< 100 INVITE"]
    wire.run(1100)
    assert wire.transcript.count("< UPDATE") == 1
    wire.left.endpoint.hangup(ours, wire.now)
    wire.run()
    assert wire.idle


def test_a_callee_who_always_wants_more_is_not_asked_for_ever() -> None:
    callee = Callee()
    for least in (2000, 2001, 2002, 2003):
        callee.answers(422, headers=(("Min-SE", str(least)),))
    assert callee.hears().count("INVITE") == 3
    assert callee.side.one(CallEnded).code == 422


@pytest.mark.parametrize(("refresher", "refreshes"), [("uac", True), ("uas", False), (None, True)])
def test_the_2xx_says_who_refreshes(refresher: str | None, refreshes: bool) -> None:
    callee = Callee()
    said = "200" if refresher is None else f"200;refresher={refresher}"
    callee.answers(
        200, headers=(("Contact", "<sip:x@192.0.2.1>"), ("Allow", "INVITE, UPDATE"), ("Session-Expires", said))
    )
    callee.hears()
    callee.wire.run(100.5)
    assert callee.hears() == (["UPDATE", "UPDATE"] if refreshes else [])
    if refreshes:
        update = callee.request("UPDATE")
        assert (update.get("session-expires"), update.body) == ("200;refresher=uac", b"")


def test_a_far_end_without_update_is_refreshed_by_a_reinvite_that_changes_nothing() -> None:
    callee = Callee()
    callee.answers(200, headers=(("Contact", "<sip:x@192.0.2.1>"), ("Session-Expires", "200;refresher=uac")))
    callee.hears()
    callee.wire.run(100)
    reinvite = callee.request("INVITE")
    assert callee.hears() == ["INVITE"]
    assert (reinvite.body, reinvite.to_tag, reinvite.get("session-expires")) == (b"v=0", "t1", "200;refresher=uac")
    callee.answers(200, headers=(("Contact", "<sip:x@192.0.2.1>"), ("Session-Expires", "200;refresher=uac")))
    assert callee.hears() == ["ACK"]
    callee.wire.run(99)
    assert callee.hears() == []
    callee.wire.run(2)
    assert "INVITE" in callee.hears()


def test_a_refresh_that_is_refused_is_tried_again_until_the_session_ends() -> None:
    callee = Callee()
    callee.answers(200, headers=(("Contact", "<sip:x@192.0.2.1>"), ("Session-Expires", "200;refresher=uac")))
    callee.hears()
    for _ in range(6):
        callee.wire.run(100.0 if callee.wire.now < 100 else 10.0)
        assert "INVITE" in callee.hears()
        callee.answers(503)
    assert [type(event).__name__ for event in callee.side.heard] == ["CallAnswered"]
    callee.wire.run(18)
    assert callee.side.one(CallEnded).cause is EndCause.EXPIRED


def test_an_end_that_takes_no_update_whatever_it_said_is_refreshed_by_a_reinvite() -> None:
    callee = Callee()
    said = (("Contact", "<sip:x@192.0.2.1>"), ("Allow", "INVITE, UPDATE"), ("Session-Expires", "200;refresher=uac"))
    callee.answers(200, headers=said)
    callee.hears()
    callee.wire.run(100)
    assert callee.hears() == ["UPDATE"]
    callee.answers(501, method="UPDATE")
    callee.wire.run(10)
    assert callee.hears() == ["INVITE"]
    callee.answers(200, headers=said)
    callee.wire.run(60)
    assert callee.side.of(CallEnded) == []


def test_a_refresh_waits_for_a_change_under_way() -> None:
    callee = Callee()
    callee.answers(200, headers=(("Contact", "<sip:x@192.0.2.1>"), ("Session-Expires", "200;refresher=uac")))
    callee.wire.run(99)
    callee.hears()
    invite = callee.request("INVITE")
    callee.says(
        request(
            "INVITE", branch="re", to=invite.get("from") or "", call_id=invite.call_id, tag="t1", uri="sip:b@192.0.2.2"
        )
    )
    callee.wire.run(2)
    assert callee.hears() == ["100 INVITE"]
    callee.endpoint.refuse_offer(callee.call, callee.wire.now)
    callee.wire.run(10)
    assert "INVITE" in callee.hears()


def test_a_change_by_either_end_is_a_refresh_and_a_2xx_without_session_turns_it_off() -> None:
    wire = Wire(SHORT)
    ours, _ = standing(wire)
    answering(wire)
    wire.run(40)
    wire.left.endpoint.reinvite(ours, b"v=0\r\nhold", wire.now)
    wire.run(40)
    assert "< UPDATE" not in wire.transcript
    assert len(wire.right.of(OfferReceived)) == 1
    line = Standing()
    line.asks("UPDATE", headers=["Supported: timer", "Session-Expires: 120;refresher=uac"])
    assert line.last().get("session-expires") == "120;refresher=uac"
    line.asks("UPDATE")
    assert line.last().get("session-expires") is None
    line.wire.run(5000)
    assert line.side.of(CallEnded) == []


def test_an_invite_says_how_long_it_wishes_to_last() -> None:
    assert Callee().request("INVITE").get("session-expires") == "1800"
    wire = Wire(SipSettings(user_agent="", min_se=300))
    call(wire)
    wire.run(0.1)
    invite = wire.right.one(IncomingCall).request
    assert isinstance(invite, Request)
    assert (invite.get("session-expires"), invite.get("min-se")) == ("1800", "300")
