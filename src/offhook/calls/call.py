"""The life of one call as a table of statuses. It knows neither SIP nor RCML nor rows, and tells no time.

What happens to a call is an ``Input``; ``Call.apply`` moves the status and says which facts follow. An input that has
no meaning in the present status (a late ringing, a second end) moves nothing and is followed by nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import Final

from offhook.calls.events import CallCreated, CallEnded, CallFacts, CallProgressed
from offhook.vocabulary.statuses import CallStatus


class Input(Enum):
    """What can happen to a call."""

    RING = "the far end alerts, or we tell the caller that we do"
    ANSWER = "it was picked up"
    HANG_UP = "somebody hung up"
    BUSY = "the far end is busy or declined"
    NO_ANSWER = "nobody picked up in time"
    FAIL = "it could not be set up, or broke"
    CANCEL = "the calling side gave up before the answer"


_ENDS_BEFORE_ANSWER: Final = {
    Input.HANG_UP: CallStatus.CANCELED,
    Input.BUSY: CallStatus.BUSY,
    Input.NO_ANSWER: CallStatus.NO_ANSWER,
    Input.FAIL: CallStatus.FAILED,
    Input.CANCEL: CallStatus.CANCELED,
}

_ENDS_AFTER_ANSWER: Final = {
    # Who gives up, or loses a race of several who answer, may learn too late that it was answered: it ends all the same.
    Input.HANG_UP: CallStatus.COMPLETED,
    Input.BUSY: CallStatus.COMPLETED,
    Input.NO_ANSWER: CallStatus.COMPLETED,
    Input.CANCEL: CallStatus.COMPLETED,
    Input.FAIL: CallStatus.FAILED,
}

TABLE: Final[Mapping[CallStatus, Mapping[Input, CallStatus]]] = {
    CallStatus.QUEUED: {Input.RING: CallStatus.RINGING, Input.ANSWER: CallStatus.IN_PROGRESS, **_ENDS_BEFORE_ANSWER},
    CallStatus.RINGING: {Input.ANSWER: CallStatus.IN_PROGRESS, **_ENDS_BEFORE_ANSWER},
    CallStatus.IN_PROGRESS: _ENDS_AFTER_ANSWER,
    CallStatus.COMPLETED: {},
    CallStatus.BUSY: {},
    CallStatus.FAILED: {},
    CallStatus.NO_ANSWER: {},
    CallStatus.CANCELED: {},
}
"""Status and input to the next status; a pair that is absent is without effect."""


def input_of_refusal(sip_code: int | None) -> Input:
    """What a final response of 300 to 699 to an INVITE means for the call; None when none came."""
    match sip_code:
        case 486 | 600 | 603:
            return Input.BUSY
        case 408:
            return Input.NO_ANSWER
        case 487:
            return Input.CANCEL
        case _:
            return Input.FAIL


class Call:
    """One call: its facts, changed only along the table."""

    __slots__ = ("_end_told", "facts")

    def __init__(self, facts: CallFacts) -> None:
        self.facts = facts
        self._end_told = False

    @property
    def status(self) -> CallStatus:
        return self.facts.status

    @property
    def outcome(self) -> dict[str, object]:
        """How it ended, for the log."""
        facts = self.facts
        return {
            "status": facts.status.value,
            "duration": facts.duration,
            "sip_code": facts.sip_code,
            "reason": facts.reason,
        }

    def created(self) -> CallCreated:
        """The event that introduces it."""
        return CallCreated(call=self.facts, at=self.facts.created_at)

    def apply(
        self,
        happened: Input,
        at: datetime,
        *,
        reason: str = "",
        sip_code: int | None = None,
        sip_headers: Mapping[str, str] | None = None,
    ) -> tuple[CallProgressed, ...]:
        """Let ``happened`` happen at ``at`` (UTC). The end itself is told by ``ended``, when all is said and done."""
        status = TABLE[self.facts.status].get(happened)
        if status is None:
            return ()
        if status.final:
            self.facts = self._finished(status, at, reason, sip_code, sip_headers)
            return ()
        if status is CallStatus.IN_PROGRESS:
            self.facts = replace(
                self.facts,
                status=status,
                answered_at=at,
                ring_duration=_seconds(self.facts.created_at, at),
                sip_headers=sip_headers or self.facts.sip_headers,
                sip_code=sip_code if sip_code is not None else self.facts.sip_code,
            )
        else:
            self.facts = replace(self.facts, status=status)
        return (CallProgressed(call=self.facts, at=at),)

    def ended(self, at: datetime) -> tuple[CallEnded, ...]:
        """The last event of the call, once: its status is final and whatever belonged to it was published."""
        if self._end_told or not self.facts.status.final:
            return ()
        self._end_told = True
        return (CallEnded(call=self.facts, at=at),)

    def identify(self, name: str | None, names: tuple[str, ...], trunk: str | None = None) -> None:
        """Note the Call-ID, which an outgoing call has only once its INVITE is on the way, those of all that rang, and the
        trunk that it takes.
        """
        known = self.facts
        trunk = trunk or known.trunk_sid
        if name is not None and (name, names, trunk) != (known.sip_call_id, known.sip_call_ids, known.trunk_sid):
            self.facts = replace(known, sip_call_id=name, sip_call_ids=names, trunk_sid=trunk)

    def answered_by(self, who: str, milliseconds: int) -> None:
        """Note who answered, and how long it took to find out."""
        self.facts = replace(self.facts, answered_by=who, machine_detection_duration=milliseconds)

    def _finished(
        self, status: CallStatus, at: datetime, reason: str, sip_code: int | None, sip_headers: Mapping[str, str] | None
    ) -> CallFacts:
        answered = self.facts.answered_at
        return replace(
            self.facts,
            status=status,
            ended_at=at,
            duration=0 if answered is None else _seconds(answered, at),
            ring_duration=_seconds(self.facts.created_at, at) if answered is None else self.facts.ring_duration,
            reason=reason or None,
            sip_code=sip_code if sip_code is not None else self.facts.sip_code,
            sip_headers=sip_headers or self.facts.sip_headers,
        )


def _seconds(start: datetime, end: datetime) -> int:
    return max(0, round((end - start).total_seconds()))
