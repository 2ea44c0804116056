"""What happens to a call, as facts for whoever listens: records, webhooks, the event stream, metrics.

Frozen, and free of SIP, RCML and database types. ``CallFacts`` is the whole state of a call after the event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from offhook.media.events import Statistics
from offhook.vocabulary.sids import (
    AccountSid,
    ApplicationSid,
    CallSid,
    ConferenceSid,
    NotificationSid,
    NumberSid,
    RecordingSid,
)
from offhook.vocabulary.statuses import CallStatus, ConferenceStatus, Direction, NoticeLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusCallback:
    """Where the progress of a call is reported."""

    url: str
    method: str = "POST"
    events: frozenset[str] = frozenset({"completed"})
    """Of ``initiated ringing answered completed``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """A call (one leg) as everybody outside ``calls`` sees it. All times are UTC."""

    sid: CallSid
    account_sid: AccountSid
    parent_sid: CallSid | None = None
    number_sid: NumberSid | None = None
    application_sid: ApplicationSid | None = None
    api_version: str = "2012-04-24"
    direction: Direction
    from_: str
    """As applications read it: ``+14155550100``, ``client:alice`` or ``sip:bob@host``."""
    to: str
    caller_name: str | None = None
    forwarded_from: str | None = None
    status: CallStatus = CallStatus.QUEUED
    created_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    duration: int | None = None
    """Seconds from answer to end, rounded; 0 when never answered; None while it lasts."""
    ring_duration: int | None = None
    reason: str | None = None
    """Why it ended, in plain words, when it did not end ``completed``."""
    sip_code: int | None = None
    sip_call_id: str | None = None
    sip_call_ids: tuple[str, ...] = ()
    """Of every far end that was rung for it, ``sip_call_id`` among them."""
    sip_headers: Mapping[str, str] = field(default_factory=dict)
    """``X-*`` and ``Diversion`` headers of the INVITE (or of the last response on a leg we dialled)."""
    source_ip: str | None = None
    sip_domain: str | None = None
    """Host that the caller asked for (inbound), as in its To."""
    trunk_sid: str | None = None
    """Of the trunk that carried it, the last one that was tried; ``config:NAME`` for one of the configuration file."""
    status_callback: StatusCallback | None = None
    answered_by: str | None = None
    """``human``, ``machine_start`` …, once somebody wanted to know and it is known."""
    machine_detection_duration: int | None = None
    """Milliseconds that it took to find that out."""
    node: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCreated:
    """A call exists: an INVITE was accepted for routing, or the API or a <Dial> asked for one."""

    call: CallFacts
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallProgressed:
    """The status changed and is not final: ``ringing``, ``in-progress``."""

    call: CallFacts
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """The last event of a call; the status is final."""

    call: CallFacts
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStarted:
    """A file is being written; the row exists from now on, so that a crash loses no more than a second."""

    sid: RecordingSid
    account_sid: AccountSid
    call_sid: CallSid
    path: str
    """Its extension says how it is written."""
    channels: int
    source: str
    """``RecordVerb``, ``DialVerb``, ``OutboundAPI`` or ``StartCallRecordingAPI``."""
    track: str = "inbound"
    """``inbound``, ``outbound`` or ``both``, seen from us."""
    rate: int = 8000
    """Hertz."""
    api_version: str = "2012-04-24"
    callback: StatusCallback | None = None
    """Who hears of it; its events are of ``in-progress completed absent``."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingPaused:
    """A recording pauses, or goes on."""

    sid: RecordingSid
    account_sid: AccountSid
    call_sid: CallSid
    paused: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingEnded:
    """The file is complete (``absent`` when nothing was heard: the row goes away)."""

    sid: RecordingSid
    account_sid: AccountSid
    call_sid: CallSid
    duration: int
    """Milliseconds."""
    absent: bool
    reason: str | None = None
    """Why it ended before it should have: a sentence."""
    started: RecordingStarted | None = None
    """Its beginning; None when that is known from its row alone."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineDetected:
    """It was found out, beside the application, who answered; ``url`` wants to be told."""

    call: CallFacts
    url: str
    method: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """Something for the account's owner to read: a Notification."""

    sid: NotificationSid
    account_sid: AccountSid
    call_sid: CallSid | None
    level: NoticeLevel
    code: int
    message: str
    request_url: str | None = None
    request_method: str | None = None
    request_variables: str | None = None
    response_headers: str | None = None
    response_body: str | None = None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationAsked:
    """A document was requested (the call's Events resource, and the live transcript)."""

    call_sid: CallSid
    account_sid: AccountSid
    url: str
    method: str
    parameters: tuple[tuple[str, str], ...]
    status: int | None
    """None when no response came."""
    content_type: str | None = None
    error: str | None = None
    elapsed: float
    """Seconds."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A line of the transcript: what the application did to the caller's ear, or the caller did back."""

    call_sid: CallSid
    account_sid: AccountSid
    what: str
    """``say``, ``play``, ``pause``, ``digits``, ``record``, ``dial``, ``echo``."""
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMeasured:
    """What the media of a call saw of its line: once, just before its end, if any packet passed."""

    call_sid: CallSid
    account_sid: AccountSid
    quality: Statistics
    at: datetime


class ConferenceMoment(StrEnum):
    """What happened in a conference: the names of events in status callbacks."""

    START = "conference-start"
    END = "conference-end"
    JOIN = "participant-join"
    LEAVE = "participant-leave"
    MUTE = "participant-mute"
    UNMUTE = "participant-unmute"
    HOLD = "participant-hold"
    UNHOLD = "participant-unhold"
    MODIFY = "participant-modify"
    SPEECH_START = "participant-speech-start"
    SPEECH_STOP = "participant-speech-stop"
    ANNOUNCEMENT_END = "announcement-end"
    ANNOUNCEMENT_FAIL = "announcement-fail"

    @property
    def word(self) -> str:
        """The word that subscribes to it."""
        return _WORDS[self]


_WORDS: Final = {
    ConferenceMoment.START: "start",
    ConferenceMoment.END: "end",
    ConferenceMoment.JOIN: "join",
    ConferenceMoment.LEAVE: "leave",
    ConferenceMoment.MUTE: "mute",
    ConferenceMoment.UNMUTE: "mute",
    ConferenceMoment.HOLD: "hold",
    ConferenceMoment.UNHOLD: "hold",
    ConferenceMoment.MODIFY: "modify",
    ConferenceMoment.SPEECH_START: "speaker",
    ConferenceMoment.SPEECH_STOP: "speaker",
    ConferenceMoment.ANNOUNCEMENT_END: "announcement",
    ConferenceMoment.ANNOUNCEMENT_FAIL: "announcement",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConferenceFacts:
    """A conference as everybody outside ``calls`` sees it. All times are UTC."""

    sid: ConferenceSid
    account_sid: AccountSid
    name: str
    """Unique among the account's conferences that have not ended."""
    status: ConferenceStatus = ConferenceStatus.INIT
    api_version: str = "2012-04-24"
    created_at: datetime
    updated_at: datetime
    reason_ended: str | None = None
    ended_by: CallSid | None = None
    """Whose leaving ended it."""
    ended_by_label: str | None = None
    status_callback: StatusCallback | None = None
    """Its events are subscription words: ``start end join leave mute hold modify speaker announcement``."""
    node: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantFacts:
    """A call in a conference."""

    call_sid: CallSid
    label: str | None = None
    muted: bool = False
    hold: bool = False
    coaching: bool = False
    coaches: CallSid | None = None
    """Who hears it alone while ``coaching``."""
    start_on_enter: bool = True
    end_on_exit: bool = False
    joined_at: datetime
    reason_left: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConferenceChanged:
    """Something happened in a conference; ``conference`` is its state after it."""

    conference: ConferenceFacts
    moment: ConferenceMoment
    participant: ParticipantFacts | None
    """Whom it is about, if somebody."""
    sequence: int
    """From 1, in the order of events."""
    announce_url: str | None = None
    failure: str | None = None
    at: datetime


CallEvent = (
    CallCreated
    | CallProgressed
    | CallEnded
    | CallMeasured
    | RecordingStarted
    | RecordingPaused
    | RecordingEnded
    | MachineDetected
    | Noticed
    | ApplicationAsked
    | Heard
    | ConferenceChanged
)


class EventLog(Protocol):
    """Where calls put their events. node.py connects records, webhooks and streams behind it."""

    def publish(self, event: CallEvent) -> None:
        """Never blocks and never fails: the queue behind it is bounded by admission of calls."""
        ...

    async def settled(self) -> None:
        """Wait until all that was published so far is durable (before a 200 OK to an INVITE, an API 2xx)."""
        ...
