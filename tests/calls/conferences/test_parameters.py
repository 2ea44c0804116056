from __future__ import annotations

from datetime import UTC, datetime

from offhook.calls.conferences.conference import Conference
from offhook.calls.conferences.parameters import conference_parameters
from offhook.calls.events import ConferenceFacts, ParticipantFacts
from offhook.vocabulary.sids import AccountSid, CallSid, ConferenceSid

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def conference() -> Conference:
    facts = ConferenceFacts(
        sid=ConferenceSid("CF1"), account_sid=AccountSid("AC1"), name="room", created_at=NOW, updated_at=NOW
    )
    return Conference(facts)


def test_a_participant_is_described_as_it_is() -> None:
    room = conference()
    chair = ParticipantFacts(
        call_sid=CallSid("CA1"), label="chair", coaching=True, coaches=CallSid("CA2"), joined_at=NOW
    )
    joined, _ = room.join(chair, NOW, most=9)
    assert dict(conference_parameters(joined)) == {
        "ConferenceSid": "CF1",
        "FriendlyName": "room",
        "AccountSid": "AC1",
        "StatusCallbackEvent": "participant-join",
        "SequenceNumber": "1",
        "Timestamp": "Thu, 01 Jan 2026 00:00:00 +0000",
        "CallSid": "CA1",
        "Muted": "false",
        "Hold": "false",
        "Coaching": "true",
        "StartConferenceOnEnter": "true",
        "EndConferenceOnExit": "false",
        "CallSidToCoach": "CA2",
        "ParticipantLabel": "chair",
    }
    left, ended = room.leave(CallSid("CA1"), NOW)
    assert dict(conference_parameters(left))["ReasonParticipantLeft"] == "left"
    said = dict(conference_parameters(ended))
    assert said["ReasonConferenceEnded"] == "last-participant-left"
    assert (said["CallSidEndingConference"], said["ParticipantLabelEndingConference"]) == ("CA1", "chair")
    assert "CallSid" not in said


def test_an_announcement_says_where_it_came_from_and_why_it_failed() -> None:
    room = conference()
    room.join(ParticipantFacts(call_sid=CallSid("CA1"), joined_at=NOW), NOW, most=9)
    (failed,) = room.announced(NOW, url="http://a.test/", failure="no such file")
    said = dict(conference_parameters(failed))
    assert (said["AnnounceUrl"], said["ReasonAnnouncementFailed"]) == ("http://a.test/", "no such file")
