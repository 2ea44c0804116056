from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from offhook.calls.call import TABLE, Call, Input, input_of_refusal
from offhook.calls.events import CallFacts
from offhook.vocabulary.sids import AccountSid, CallSid
from offhook.vocabulary.statuses import CallStatus, Direction

START = datetime(2026, 1, 1, tzinfo=UTC)
LATER = START + timedelta(seconds=7)

BEFORE_ANSWER = {
    Input.ANSWER: "in-progress",
    Input.HANG_UP: "canceled",
    Input.BUSY: "busy",
    Input.NO_ANSWER: "no-answer",
    Input.FAIL: "failed",
    Input.CANCEL: "canceled",
}
EXPECTED = {
    "queued": {Input.RING: "ringing", **BEFORE_ANSWER},
    "ringing": BEFORE_ANSWER,
    "in-progress": {
        Input.HANG_UP: "completed",
        Input.BUSY: "completed",
        Input.NO_ANSWER: "completed",
        Input.FAIL: "failed",
        Input.CANCEL: "completed",
    },
}


def call(status: CallStatus = CallStatus.QUEUED) -> Call:
    return Call(
        CallFacts(
            sid=CallSid("CA1"),
            account_sid=AccountSid("AC1"),
            direction=Direction.INBOUND,
            from_="+1",
            to="+2",
            created_at=START,
            status=status,
            answered_at=START if status is CallStatus.IN_PROGRESS else None,
        )
    )


def test_every_status_has_a_row() -> None:
    assert set(TABLE) == set(CallStatus)


@pytest.mark.parametrize("status", CallStatus)
@pytest.mark.parametrize("happened", Input)
def test_every_cell(status: CallStatus, happened: Input) -> None:
    it = call(status)
    expected = EXPECTED.get(status.value, {}).get(happened)
    events = it.apply(happened, LATER)
    if expected is None:
        assert (it.status, events) == (status, ())
    else:
        assert it.status == CallStatus(expected)
        assert [event.call.status for event in events] == ([] if it.status.final else [it.status])


def test_an_answered_call_knows_how_long_it_rang_and_lasted() -> None:
    it = call()
    it.apply(Input.RING, START)
    it.apply(Input.ANSWER, START + timedelta(seconds=4))
    it.apply(Input.HANG_UP, START + timedelta(seconds=64.6))
    assert (it.facts.ring_duration, it.facts.duration) == (4, 61)
    assert it.facts.ended_at == START + timedelta(seconds=64.6)


def test_a_call_that_was_never_answered_lasted_nothing() -> None:
    it = call()
    it.apply(Input.NO_ANSWER, LATER, reason="nobody picked up", sip_code=408)
    assert (it.facts.ring_duration, it.facts.duration) == (7, 0)
    assert (it.facts.reason, it.facts.sip_code, it.facts.answered_at) == ("nobody picked up", 408, None)


def test_the_end_is_told_once_and_only_when_there_is_one() -> None:
    it = call()
    assert it.ended(LATER) == ()
    it.apply(Input.FAIL, LATER)
    assert [event.call.status for event in it.ended(LATER)] == [CallStatus.FAILED]
    assert it.ended(LATER) == ()


def test_a_second_end_does_not_change_the_first() -> None:
    it = call()
    it.apply(Input.BUSY, LATER, reason="busy")
    before = it.facts
    assert it.apply(Input.FAIL, LATER + timedelta(seconds=1), reason="broken") == ()
    assert it.facts is before


@pytest.mark.parametrize(
    ("code", "meaning"),
    [(486, Input.BUSY), (600, Input.BUSY), (603, Input.BUSY), (408, Input.NO_ANSWER), (487, Input.CANCEL)]
    + [(code, Input.FAIL) for code in (None, 302, 404, 480, 500, 503, 604)],
)
def test_what_a_refusal_means(code: int | None, meaning: Input) -> None:
    assert input_of_refusal(code) is meaning


def test_a_call_takes_the_name_of_the_far_end_that_answers() -> None:
    named = call()
    named.identify(None, ())
    assert named.facts.sip_call_id is None
    named.identify("a", ("a", "b"))
    named.identify("b", ("a", "b"))
    assert (named.facts.sip_call_id, named.facts.sip_call_ids) == ("b", ("a", "b"))


def test_a_call_keeps_the_trunk_that_it_took_last() -> None:
    named = call()
    named.identify("a", ("a",), "T1")
    named.identify("b", ("a", "b"), "T2")
    named.identify("b", ("a", "b"))
    assert named.facts.trunk_sid == "T2"


def test_the_log_gets_how_it_ended() -> None:
    ended = call()
    ended.apply(Input.BUSY, START, reason="the line is taken", sip_code=486)
    assert ended.outcome == {"status": "busy", "duration": 0, "sip_code": 486, "reason": "the line is taken"}
