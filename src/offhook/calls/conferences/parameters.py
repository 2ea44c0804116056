"""What a conference says of itself in the form parameters of its status callbacks."""

from __future__ import annotations

from email.utils import format_datetime

from offhook.calls.events import ConferenceChanged, ConferenceMoment
from offhook.calls.parameters import Form


def conference_parameters(event: ConferenceChanged) -> Form:
    """Parameters of the callback about ``event``."""
    conference, participant = event.conference, event.participant
    form = [
        ("ConferenceSid", conference.sid),
        ("FriendlyName", conference.name),
        ("AccountSid", conference.account_sid),
        ("StatusCallbackEvent", event.moment.value),
        ("SequenceNumber", str(event.sequence)),
        ("Timestamp", format_datetime(event.at)),
    ]
    if event.moment is ConferenceMoment.END:
        form.append(("ReasonConferenceEnded", conference.reason_ended or ""))
        form += _given(
            ("CallSidEndingConference", conference.ended_by),
            ("ParticipantLabelEndingConference", conference.ended_by_label),
        )
    elif participant is not None:
        form += [
            ("CallSid", participant.call_sid),
            ("Muted", _said(participant.muted)),
            ("Hold", _said(participant.hold)),
            ("Coaching", _said(participant.coaching)),
            ("StartConferenceOnEnter", _said(participant.start_on_enter)),
            ("EndConferenceOnExit", _said(participant.end_on_exit)),
        ]
        form += _given(
            ("CallSidToCoach", participant.coaches if participant.coaching else None),
            ("ParticipantLabel", participant.label),
            ("ReasonParticipantLeft", participant.reason_left),
        )
    return form + _given(("AnnounceUrl", event.announce_url), ("ReasonAnnouncementFailed", event.failure))


def _said(flag: bool) -> str:
    return "true" if flag else "false"


def _given(*pairs: tuple[str, str | None]) -> Form:
    return [(name, value) for name, value in pairs if value is not None]
