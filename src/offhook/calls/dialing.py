"""What a <Dial> asks for and what came of it: plain data between ``rcml`` and ``calls.dial``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from offhook.calls.conferences.entry import ConferenceEntry
from offhook.calls.events import StatusCallback
from offhook.vocabulary.sids import CallSid, ConferenceSid, RecordingSid


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberTarget:
    """A telephone number, through the configured gateway."""

    number: str
    send_digits: str = ""
    status_callback: StatusCallback | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTarget:
    """A registered client; all its contacts ring."""

    login: str
    status_callback: StatusCallback | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SipTarget:
    """A SIP URI, with digest credentials for its challenge."""

    uri: str
    username: str | None = None
    password: str | None = None
    status_callback: StatusCallback | None = None


DialTarget = NumberTarget | ClientTarget | SipTarget


class DialRecording(StrEnum):
    """``record`` of <Dial>."""

    NO = "do-not-record"
    MIXED = "record-from-answer"
    DUAL = "record-from-answer-dual"


@dataclass(frozen=True, slots=True, kw_only=True)
class DialRequest:
    """One <Dial>: all targets ring at once, the first answer wins; or a conference."""

    targets: tuple[DialTarget, ...] = ()
    conference: ConferenceEntry | None = None
    """Enter this instead of ringing anybody."""
    caller_id: str | None = None
    """None shows the caller's own."""
    timeout: float = 30.0
    """Seconds of ringing."""
    time_limit: float = 14_400.0
    """Seconds of conversation."""
    hangup_on_star: bool = False
    record: DialRecording = DialRecording.NO
    headers: tuple[tuple[str, str], ...] = ()
    domain: str | None = None
    """Where clients are looked for; None: in the organization that the caller asked for."""
    ring_tone: str = ""
    """Country whose ringing the caller hears until somebody answers, whatever the far ends play; empty: the usual."""
    on_end: Callable[[DialOutcome], None] | None = field(default=None, compare=False)
    """Told the outcome exactly once before ``ScriptCall.dial`` returns or ends cancelled: a caller who hangs up still owes
    the application what came of the dial."""


class DialStatus(StrEnum):
    """``DialCallStatus``."""

    COMPLETED = "completed"
    ANSWERED = "answered"
    """Of a conference that was entered."""
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class DialOutcome:
    """How a <Dial> ended."""

    status: DialStatus
    call_sid: CallSid | None = None
    """The leg that answered, else the last that was tried."""
    duration: int = 0
    """Seconds of conversation."""
    ring_duration: int = 0
    bridged: bool = False
    recording_sid: RecordingSid | None = None
    recording_duration: int = 0
    """Milliseconds."""
    conference_sid: ConferenceSid | None = None
    sip_call_id: str | None = None
    sip_code: int | None = None
    sip_headers: tuple[tuple[str, str], ...] = ()
    reason: str = ""
    not_rung: tuple[str, ...] = ()
    """Why targets were left out: a client that is not registered, a number without a gateway."""
