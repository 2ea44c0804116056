"""Reliable provisional responses between two endpoints on a line that loses, and against peers played by hand."""

from __future__ import annotations

import pytest

from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import (
    CallAnswered,
    CallConfirmed,
    CallEnded,
    CallHandle,
    CallRinging,
    EndCause,
    IncomingCall,
    OfferAnswered,
    OfferReceived,
)
from offhook.sip.message import Request, Response, parse
from offhook.sip.reliable import MAX_WAITING, TABLE, Input, State
from offhook.sip.settings import SipSettings
from offhook.sip.testing import Wire
from tests.sip.raw import Line, request
from tests.sip.test_endpoint import ANSWER, call
from tests.sip.test_inviting import Callee

SUPPORTED = ["Supported: 100rel"]
SDP = ["Content-Type: application/sdp"]


def test_every_state_has_a_row_and_every_action_a_cell() -> None:
    assert set(TABLE) == set(State)
    assert {what for row in TABLE.values() for what in row} == set(Input)


def ringing(wire: Wire, sdp: bytes | None = ANSWER) -> tuple[CallHandle, CallHandle]:
    ours = call(wire)
    wire.run(0.1)
    theirs = wire.right.one(IncomingCall).call
    wire.right.endpoint.ring(theirs, wire.now, 183, sdp=sdp)
    return ours, theirs


def test_early_media_is_acknowledged_and_not_repeated_by_the_answer() -> None:
    wire = Wire()
    ours, theirs = ringing(wire)
    wire.run(0.1)
    assert wire.left.one(CallRinging).sdp == ANSWER
    wire.right.endpoint.answer(theirs, ANSWER, wire.now)
    wire.run(0.1)
    assert wire.left.one(CallAnswered).sdp is None
    wire.right.one(CallConfirmed)
    wire.left.endpoint.hangup(ours, wire.now)
    wire.run()
    assert wire.transcript[1:7] == ["< 100 INVITE", "< 183 INVITE", "> PRACK", "< 200 PRACK", "< 200 INVITE", "> ACK"]
    assert wire.idle


def test_ringing_alone_is_not_worth_a_prack_unless_it_is_required() -> None:
    wire = Wire()
    ringing(wire, None)
    wire.run(0.1)
    assert "> PRACK" not in wire.transcript
    wire = Wire(SipSettings(user_agent="", prack="required"))
    ringing(wire, None)
    wire.run(0.1)
    assert "> PRACK" in wire.transcript


@pytest.mark.parametrize("lost", [b"SIP/2.0 183", b"PRACK", b"SIP/2.0 200"])
def test_whatever_is_lost_on_the_way_comes_again(lost: bytes) -> None:
    wire = Wire()
    losses = [lost, lost]

    def fate(data: bytes) -> list[float]:
        if losses and data.startswith(losses[0]) and (lost != b"SIP/2.0 200" or b"PRACK" in data):
            losses.pop()
            return []
        return [0.01, 0.015]  # and everything that is not lost comes twice

    ours = call(wire)
    wire.run(0.1)
    wire.fate = fate
    theirs = wire.right.one(IncomingCall).call
    wire.right.endpoint.ring(theirs, wire.now, 183, sdp=ANSWER)
    wire.right.endpoint.answer(theirs, ANSWER, wire.now)
    wire.run(5)
    assert [event.sdp for event in wire.left.of(CallRinging)] == [ANSWER]
    wire.left.one(CallAnswered)
    wire.right.one(CallConfirmed)
    wire.left.endpoint.hangup(ours, wire.now)
    wire.run()
    assert wire.idle


def test_an_answer_waits_until_the_description_before_it_is_acknowledged() -> None:
    wire = Wire()
    _, theirs = ringing(wire)
    wire.right.endpoint.answer(theirs, ANSWER, wire.now)
    wire.settle()
    assert "< 200 INVITE" not in wire.transcript
    wire.run(0.1)
    assert wire.transcript[-3:] == ["< 200 PRACK", "< 200 INVITE", "> ACK"]


def test_who_never_acknowledges_is_refused_after_64_t1() -> None:
    line = Line()
    line.says(request(headers=SUPPORTED + SDP, body="offer"))
    theirs = line.side.one(IncomingCall).call
    line.endpoint.ring(theirs, 0.0, 183, sdp=b"answer")
    line.wire.run(31.9)
    assert line.hears().count("183 INVITE") == 7  # at 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s
    line.wire.run(0.2)
    assert line.hears() == ["504 INVITE"]
    assert line.side.one(CallEnded).cause is EndCause.NO_PRACK
    line.says(request("ACK", to=line.last().get("to") or ""))
    line.wire.run()
    assert line.endpoint.idle


class Ringing(Line):
    """A call that came in, whose caller knows reliable responses and acknowledges by hand."""

    def __init__(self, *, offer: str = "offer", headers: list[str] = SUPPORTED) -> None:
        super().__init__()
        self.says(request(headers=[*headers, *SDP] if offer else headers, body=offer))
        self.call = self.side.one(IncomingCall).call
        self.hears()
        self.number = 1

    def rings(self, code: int = 183, sdp: bytes | None = b"answer") -> None:
        self.endpoint.ring(self.call, 0.0, code, sdp=sdp)
        self.wire.settle()

    def pracks(self, rseq: int | None = None, *, cseq: int = 1, body: str = "") -> None:
        provisional = next(
            message
            for data in reversed(self.sent)
            if isinstance(message := parse(data), Response) and message.get("rseq")
        )
        self.number += 1
        rack = f"RAck: {rseq or provisional.get('rseq')} {cseq} INVITE"
        self.says(
            request(
                "PRACK",
                branch=f"p{self.number}",
                cseq=self.number,
                to=provisional.get("to") or "",
                headers=[rack, *(SDP if body else [])],
                body=body,
            )
        )


def test_a_prack_that_means_nothing_gets_481_and_one_that_cannot_be_read_400() -> None:
    line = Ringing()
    line.rings()
    line.hears()
    line.pracks(rseq=4711)
    line.pracks(cseq=9)
    assert line.hears() == ["481 PRACK", "481 PRACK"]
    line.number += 1
    line.says(
        request("PRACK", branch="x", cseq=line.number, to=line.last().get("to") or "", headers=["RAck: 1 INVITE"])
    )
    assert line.hears() == ["400 PRACK"]


def test_provisional_responses_go_out_one_after_the_other_in_order() -> None:
    line = Ringing(headers=["Require: 100rel"])
    for code in (180, 181, 182, 183):
        line.rings(code, None)
    assert line.hears() == ["180 INVITE"]
    numbers = []
    for following in ("181 INVITE", "182 INVITE", "183 INVITE"):
        numbers.append(int(line.last().get("rseq") or ""))
        line.pracks()
        assert line.hears() == ["200 PRACK", following]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]


def test_only_so_many_provisional_responses_wait_and_descriptions_are_kept() -> None:
    line = Ringing(headers=["Require: 100rel"])
    line.rings(180, None)
    line.rings(183, b"answer")
    for _ in range(3 * MAX_WAITING):
        line.rings(182, None)
    line.hears()
    line.pracks()
    assert line.last().body == b"answer"
    heard = []
    for _ in range(MAX_WAITING):
        line.pracks()
        heard += line.hears()
    assert heard.count("182 INVITE") == MAX_WAITING - 1


def test_an_offer_in_a_prack_is_answered_in_its_200() -> None:
    line = Ringing()
    line.rings()
    line.hears()
    line.pracks(body="second offer")
    assert line.hears() == []
    received = line.side.one(OfferReceived)
    assert received.offer == b"second offer"
    line.endpoint.accept_offer(line.call, b"second answer", 0.0)
    assert line.hears() == ["200 PRACK"]
    assert line.last().body == b"second answer"


def test_a_refused_offer_in_a_prack_lets_the_answer_go_out_all_the_same() -> None:
    line = Ringing()
    line.rings()
    line.endpoint.answer(line.call, b"answer", 0.0)
    line.hears()
    line.pracks(body="second offer")
    line.endpoint.refuse_offer(line.call, 0.0)
    assert line.hears() == ["488 PRACK", "200 INVITE"]


def test_a_caller_without_offer_gets_ours_with_the_ringing_and_answers_in_the_prack() -> None:
    line = Ringing(offer="")
    line.rings(183, b"our offer")
    assert line.last().body == b"our offer"
    line.pracks(body="their answer")
    assert line.side.one(OfferAnswered).sdp == b"their answer"
    line.endpoint.answer(line.call, b"our offer", 0.0)
    line.wire.settle()
    assert line.last().body == b""


def test_a_prack_that_crosses_the_final_response_is_answered() -> None:
    line = Ringing(headers=["Require: 100rel"])
    line.rings(180, None)
    line.endpoint.answer(line.call, b"answer", 0.0)
    assert line.hears() == ["180 INVITE", "200 INVITE"]
    line.pracks()
    assert line.hears() == ["200 PRACK"]


def test_a_ringing_that_lasts_is_told_again_every_minute() -> None:
    line = Ringing(headers=[])
    line.rings(180, None)
    line.hears()
    line.wire.run(150)
    assert line.hears() == ["180 INVITE"] * 2


def test_a_caller_who_knows_no_reliable_responses_is_refused_where_they_are_required() -> None:
    wire = Wire(SipSettings(user_agent="", prack="never"), right_settings=SipSettings(user_agent="", prack="required"))
    call(wire)
    wire.run()
    assert wire.left.one(CallEnded).code == 421
    wire = Wire(SipSettings(user_agent="", prack="required"), right_settings=SipSettings(user_agent="", prack="never"))
    call(wire)
    wire.run()
    assert wire.left.one(CallEnded).code == 420
    assert wire.left.one(CallEnded).message.get("unsupported") == "100rel"


def reliably(callee: Callee, rseq: int, tag: str = "t1", body: bytes = b"", status: int = 183) -> None:
    invite = callee.request("INVITE")
    headers = [("Contact", f"<sip:{tag}@192.0.2.1>"), ("Require", "100rel"), ("RSeq", str(rseq))]
    if body:
        headers.append(("Content-Type", "application/sdp"))
    callee.says(bytes(invite.response(status, to_tag=tag, headers=headers, body=body)))


def test_only_the_next_reliable_response_of_a_branch_is_acknowledged() -> None:
    callee = Callee()
    reliably(callee, 7, body=b"early")
    reliably(callee, 7, body=b"early")
    reliably(callee, 9)
    reliably(callee, 8)
    reliably(callee, 100, "t2")
    pracks = [
        message for data in callee.sent if isinstance(message := parse(data), Request) and message.method == "PRACK"
    ]
    assert [(prack.get("rack"), prack.to_tag) for prack in pracks] == [
        ("7 1 INVITE", "t1"),
        ("8 1 INVITE", "t1"),
        ("100 1 INVITE", "t2"),
    ]
    assert [event.sdp for event in callee.side.of(CallRinging)] == [b"early", None, None]
    assert callee.endpoint.sizes()["dialogs"] == 2
    callee.answers(200, "t2")
    assert callee.endpoint.sizes()["dialogs"] == 1
    assert callee.request("ACK").uri == "sip:x@192.0.2.1"


def test_their_offer_in_a_reliable_response_is_answered_in_the_prack() -> None:
    callee = Callee(sdp=None)
    reliably(callee, 1, body=b"their offer")
    ringing = callee.side.one(CallRinging)
    assert (ringing.sdp, ringing.answer_due) == (b"their offer", True)
    assert callee.hears() == ["INVITE"]
    callee.endpoint.acknowledge(callee.call, b"our answer", 0.0)
    assert callee.hears() == ["PRACK"]
    assert callee.request("PRACK").body == b"our answer"
    with pytest.raises(LocalProtocolError):
        callee.endpoint.acknowledge(callee.call, b"once more", 0.0)
    callee.answers(200)
    answered = callee.side.one(CallAnswered)
    assert answered.sdp is None
    assert callee.request("ACK").body == b""


def test_a_branch_that_hangs_up_before_the_answer_leaves_the_others_ringing() -> None:
    callee = Callee()
    reliably(callee, 1, "t1")
    reliably(callee, 1, "t2")
    invite = callee.request("INVITE")
    callee.says(
        request(
            "BYE", branch="bye", to=invite.get("from") or "", tag="t1", call_id=invite.call_id, uri="sip:192.0.2.2"
        ).replace(b"<sip:a@192.0.2.1>;tag=t1", b"<sip:x@192.0.2.1>;tag=t1")
    )
    assert callee.hears()[-1] == "200 BYE"
    assert callee.side.of(CallEnded) == []
    callee.answers(200, "t2")
    callee.side.one(CallAnswered)


def test_an_offer_of_ours_does_not_go_out_where_it_might_get_lost() -> None:
    line = Ringing(offer="", headers=[])
    assert not line.side.one(IncomingCall).reliable
    with pytest.raises(LocalProtocolError):
        line.rings(183, b"our offer")
