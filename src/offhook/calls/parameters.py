"""What a call says of itself in form parameters: to its application (voice request) and to status callbacks.

Two dialects, by the call's ``api_version``. Shared by ``rcml`` and ``webhooks``; signs and sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from enum import Enum
from typing import Final

from offhook.calls.events import CallFacts, RecordingStarted
from offhook.vocabulary.statuses import CallStatus

Form = list[tuple[str, str]]

RESTCOMM_VERSION: Final = "2012-04-24"
TWILIO_VERSION: Final = "2010-04-01"


class Milestone(Enum):
    """What a status callback reports; the value is its word in ``StatusCallbackEvent``."""

    INITIATED = "initiated"
    RINGING = "ringing"
    ANSWERED = "answered"
    COMPLETED = "completed"

    @property
    def sequence(self) -> int:
        """``SequenceNumber``: fixed, so that receivers can order what arrives out of order or only in part."""
        return _SEQUENCE[self]


_SEQUENCE: Final = {milestone: number for number, milestone in enumerate(Milestone)}


def milestone_of(facts: CallFacts) -> Milestone:
    """What a call has reached."""
    match facts.status:
        case CallStatus.QUEUED:
            return Milestone.INITIATED
        case CallStatus.RINGING:
            return Milestone.RINGING
        case CallStatus.IN_PROGRESS:
            return Milestone.ANSWERED
        case _:
            return Milestone.COMPLETED


def voice_parameters(facts: CallFacts, *, outbound_sid: str | None = None) -> Form:
    """Parameters of every request to the call's application; ``outbound_sid`` once a dialled leg exists."""
    form = _restcomm_voice(facts, outbound_sid) if facts.api_version == RESTCOMM_VERSION else _twilio_voice(facts)
    form += answered_by(facts)
    form.extend((f"SipHeader_{name}", value) for name, value in facts.sip_headers.items())
    return form


def answered_by(facts: CallFacts) -> Form:
    """Who answered, where that is known."""
    if facts.answered_by is None:
        return []
    return [
        ("AnsweredBy", facts.answered_by),
        ("MachineDetectionDuration", str(facts.machine_detection_duration or 0)),
    ]


def machine_parameters(facts: CallFacts) -> Form:
    """Parameters of the callback that tells who answered beside the application."""
    return [("CallSid", facts.sid), ("AccountSid", facts.account_sid), *answered_by(facts)]


def callback_parameters(
    facts: CallFacts, milestone: Milestone, at: datetime, *, recording: Mapping[str, str] | None = None
) -> Form:
    """Parameters of a status callback about ``milestone``, reached at ``at``.

    ``recording`` holds ``RecordingUrl``, ``RecordingSid`` and ``RecordingDuration`` where the call was recorded.
    """
    restcomm = facts.api_version == RESTCOMM_VERSION
    form = _restcomm_callback(facts, milestone) if restcomm else _twilio_callback(facts, milestone)
    form += [
        ("Timestamp", format_datetime(at)),
        ("CallbackSource", "call-progress-events"),
        ("SequenceNumber", str(milestone.sequence)),
    ]
    form += answered_by(facts)
    if milestone is Milestone.COMPLETED:
        seconds = facts.duration or 0
        form.append(("CallDuration", str(seconds)))
        if not restcomm:
            form.append(("Duration", str(-(-seconds // 60))))
        if facts.sip_code is not None:
            form.append(("SipResponseCode", str(facts.sip_code)))
        form.extend((recording or {}).items())
    return form


def recording_parameters(started: RecordingStarted, status: str, *, url: str, duration: int | None = None) -> Form:
    """Parameters of a callback about a recording that is ``in-progress``, ``completed`` or ``absent``; milliseconds."""
    form = [
        ("AccountSid", started.account_sid),
        ("CallSid", started.call_sid),
        ("RecordingSid", started.sid),
        ("RecordingUrl", url),
        ("RecordingStatus", status),
    ]
    if duration is not None:
        form.append(("RecordingDuration", str(round(duration / 1000))))
    form += [
        ("RecordingChannels", str(started.channels)),
        ("RecordingStartTime", format_datetime(started.at)),
        ("RecordingSource", started.source),
        ("RecordingTrack", str(started.track)),
    ]
    return form


def _restcomm_voice(facts: CallFacts, outbound_sid: str | None) -> Form:
    form = [("CallSid", facts.sid), ("InstanceId", facts.node)]
    if outbound_sid is not None:
        form.append(("OutboundCallSid", outbound_sid))
    form += [
        ("AccountSid", facts.account_sid),
        ("From", facts.from_),
        ("To", facts.to),
        ("CallStatus", facts.status.value),
        ("ApiVersion", facts.api_version),
        ("Direction", facts.direction.value),
        ("CallerName", facts.caller_name or "null"),
        ("ForwardedFrom", facts.forwarded_from or "null"),
        ("CallTimestamp", f"{facts.created_at:%Y-%m-%dT%H:%M:%S}.{facts.created_at.microsecond // 1000:03d}Z"),
    ]
    return form


def _twilio_voice(facts: CallFacts) -> Form:
    form = _twilio_identity(facts)
    if facts.parent_sid is not None:
        form.append(("ParentCallSid", facts.parent_sid))
    if facts.sip_call_id is not None:
        form.append(("SipCallId", facts.sip_call_id))
    if facts.sip_domain is not None:
        form.append(("SipDomain", facts.sip_domain))
    if facts.source_ip is not None:
        form.append(("SipSourceIp", facts.source_ip))
    return form


def _restcomm_callback(facts: CallFacts, milestone: Milestone) -> Form:
    form = [
        ("InstanceId", facts.node),
        ("AccountSid", facts.account_sid),
        ("CallSid", facts.sid),
        ("From", facts.from_),
        ("To", facts.to),
        ("Direction", facts.direction.value),
        ("CallerName", facts.caller_name or "null"),
        ("ForwardedFrom", facts.forwarded_from or "null"),
    ]
    if facts.parent_sid is not None:
        form.append(("ParentCallSid", facts.parent_sid))
    form.append(("CallStatus", milestone.value))
    return form


def _twilio_callback(facts: CallFacts, milestone: Milestone) -> Form:
    form = _twilio_identity(facts, "initiated" if milestone is Milestone.INITIATED else facts.status.value)
    if facts.parent_sid is not None:
        form.append(("ParentCallSid", facts.parent_sid))
    return form


def _twilio_identity(facts: CallFacts, status: str | None = None) -> Form:
    form = [
        ("CallSid", facts.sid),
        ("AccountSid", facts.account_sid),
        ("From", facts.from_),
        ("To", facts.to),
        ("Caller", facts.from_),
        ("Called", facts.to),
        ("CallStatus", status or facts.status.value),
        ("ApiVersion", facts.api_version),
        ("Direction", facts.direction.value),
    ]
    if facts.caller_name:
        form.append(("CallerName", facts.caller_name))
    if facts.forwarded_from:
        form.append(("ForwardedFrom", facts.forwarded_from))
    return form
