from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from offhook.calls.events import CallFacts
from offhook.calls.parameters import Milestone, callback_parameters, machine_parameters, milestone_of, voice_parameters
from offhook.vocabulary.sids import AccountSid, CallSid
from offhook.vocabulary.statuses import CallStatus, Direction

AT = datetime(2026, 3, 4, 5, 6, 7, 89_000, tzinfo=UTC)
FACTS = CallFacts(
    sid=CallSid("CA1"),
    account_sid=AccountSid("AC1"),
    direction=Direction.INBOUND,
    from_="+14155550100",
    to="1000",
    created_at=AT,
    status=CallStatus.RINGING,
    sip_headers={"X-Ticket": "a b"},
    node="n1",
    source_ip="192.0.2.7",
    sip_call_id="abc",
    sip_domain="example.org",
)
TWILIO = replace(FACTS, api_version="2010-04-01")


def test_the_first_request_of_the_older_dialect_names_everything() -> None:
    assert voice_parameters(FACTS) == [
        ("CallSid", "CA1"),
        ("InstanceId", "n1"),
        ("AccountSid", "AC1"),
        ("From", "+14155550100"),
        ("To", "1000"),
        ("CallStatus", "ringing"),
        ("ApiVersion", "2012-04-24"),
        ("Direction", "inbound"),
        ("CallerName", "null"),
        ("ForwardedFrom", "null"),
        ("CallTimestamp", "2026-03-04T05:06:07.089Z"),
        ("SipHeader_X-Ticket", "a b"),
    ]


def test_a_dialled_leg_is_named_once_it_exists() -> None:
    assert ("OutboundCallSid", "CA2") in voice_parameters(FACTS, outbound_sid="CA2")


def test_the_twilio_dialect_leaves_out_what_is_not_known() -> None:
    names = [name for name, _ in voice_parameters(TWILIO)]
    assert names == [
        "CallSid",
        "AccountSid",
        "From",
        "To",
        "Caller",
        "Called",
        "CallStatus",
        "ApiVersion",
        "Direction",
        "SipCallId",
        "SipDomain",
        "SipSourceIp",
        "SipHeader_X-Ticket",
    ]
    full = replace(TWILIO, caller_name="Ann", forwarded_from="+1", parent_sid=CallSid("CA0"))
    said = dict(voice_parameters(full))
    assert (said["CallerName"], said["ForwardedFrom"], said["ParentCallSid"]) == ("Ann", "+1", "CA0")


@pytest.mark.parametrize("facts", [FACTS, TWILIO])
def test_a_callback_says_when_and_in_which_order(facts: CallFacts) -> None:
    said = dict(callback_parameters(facts, Milestone.RINGING, AT))
    assert said["Timestamp"] == "Wed, 04 Mar 2026 05:06:07 +0000"
    assert (said["CallbackSource"], said["SequenceNumber"], said["CallStatus"]) == (
        "call-progress-events",
        "1",
        "ringing",
    )
    assert "CallDuration" not in said


def test_the_dialects_differ_about_a_busy_call() -> None:
    ended = {"status": CallStatus.BUSY, "duration": 0, "sip_code": 486}
    assert dict(callback_parameters(replace(FACTS, **ended), Milestone.COMPLETED, AT))["CallStatus"] == "completed"
    said = dict(callback_parameters(replace(TWILIO, **ended), Milestone.COMPLETED, AT))
    assert (said["CallStatus"], said["CallDuration"], said["Duration"]) == ("busy", "0", "0")
    assert (said["SipResponseCode"], said["SequenceNumber"]) == ("486", "3")


def test_minutes_are_rounded_up() -> None:
    ended = replace(TWILIO, status=CallStatus.COMPLETED, duration=61)
    said = dict(callback_parameters(ended, Milestone.COMPLETED, AT, recording={"RecordingSid": "RE1"}))
    assert (said["CallDuration"], said["Duration"], said["RecordingSid"]) == ("61", "2", "RE1")


def test_an_answer_is_reported_by_the_dialects_own_word() -> None:
    answered = {"status": CallStatus.IN_PROGRESS}
    assert dict(callback_parameters(replace(FACTS, **answered), Milestone.ANSWERED, AT))["CallStatus"] == "answered"
    assert dict(callback_parameters(replace(TWILIO, **answered), Milestone.ANSWERED, AT))["CallStatus"] == "in-progress"


@pytest.mark.parametrize(
    ("status", "milestone"),
    [("queued", "initiated"), ("ringing", "ringing"), ("in-progress", "answered")]
    + [(status, "completed") for status in ("completed", "busy", "failed", "no-answer", "canceled")],
)
def test_each_status_is_a_milestone(status: str, milestone: str) -> None:
    assert milestone_of(replace(FACTS, status=CallStatus(status))) is Milestone(milestone)


def test_who_answered_is_told_once_it_is_known() -> None:
    assert "AnsweredBy" not in dict(voice_parameters(TWILIO))
    known = replace(TWILIO, answered_by="machine_end_beep", machine_detection_duration=7300)
    for form in (voice_parameters(known), callback_parameters(known, Milestone.COMPLETED, AT)):
        said = dict(form)
        assert (said["AnsweredBy"], said["MachineDetectionDuration"]) == ("machine_end_beep", "7300")
    assert dict(machine_parameters(known)) == {
        "CallSid": known.sid,
        "AccountSid": known.account_sid,
        "AnsweredBy": "machine_end_beep",
        "MachineDetectionDuration": "7300",
    }
