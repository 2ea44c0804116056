"""The words of the lives of calls and conferences, as clients of the REST API and applications read them."""

from __future__ import annotations

from enum import StrEnum


class CallStatus(StrEnum):
    """Status of a call (one leg) on the wire."""

    QUEUED = "queued"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    FAILED = "failed"
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"

    @property
    def final(self) -> bool:
        """Whether nothing follows this status."""
        return self not in (CallStatus.QUEUED, CallStatus.RINGING, CallStatus.IN_PROGRESS)


class ConferenceStatus(StrEnum):
    """Status of a conference: waiting for somebody who starts it, under way, over."""

    INIT = "init"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"


class Direction(StrEnum):
    """Who started a call: somebody outside, the REST API, or a <Dial>."""

    INBOUND = "inbound"
    OUTBOUND_API = "outbound-api"
    OUTBOUND_DIAL = "outbound-dial"


class NoticeLevel(StrEnum):
    """Weight of a notification, as the ``log`` field gives it."""

    ERROR = "0"
    WARNING = "1"
