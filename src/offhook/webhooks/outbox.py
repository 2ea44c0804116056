"""The outbox: turns call events into rows of pending callbacks inside the journal's transaction, and notes attempts there.

A row's sid follows from its call and milestone, so a batch that is written twice makes no second callback.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

from offhook.calls.conferences.parameters import conference_parameters
from offhook.calls.events import (
    CallCreated,
    CallEnded,
    CallEvent,
    CallProgressed,
    ConferenceChanged,
    MachineDetected,
    RecordingEnded,
    RecordingStarted,
)
from offhook.calls.parameters import (
    Milestone,
    callback_parameters,
    machine_parameters,
    milestone_of,
    recording_parameters,
)
from offhook.store import deliveries, recordings
from offhook.store.base import storable
from offhook.store.deliveries import DeliveryRow
from offhook.store.session import Connection
from offhook.vocabulary.sids import PREFIXES, AccountSid, CallSid, RecordingSid
from offhook.vocabulary.statuses import Direction

_MACHINE: Final = len(Milestone)
"""The place of what was found out about who answered, beside those of the milestones: it waits for none of them."""
_REMEMBERED: Final = 20
"""Attempts that a row keeps; the oldest go."""

RecordingUrl = Callable[[AccountSid, RecordingSid, str], str]
"""(account, recording, API version) to where the recording is found."""


@dataclass(slots=True, kw_only=True, eq=False)
class Callback:
    """A callback on its way."""

    sid: str
    account_sid: AccountSid
    call_sid: str
    sequence: int
    url: str
    method: str
    parameters: tuple[tuple[str, str], ...]
    due_at: datetime
    tried: int = 0
    attempts: list[dict[str, Any]] = field(default_factory=list)

    def note(self, **attempt: Any) -> None:
        """Add a line about an attempt. What a web server sent may stand in it, and so it is made storable."""
        self.tried += 1
        line = {name: storable(value) if isinstance(value, str) else value for name, value in attempt.items()}
        self.attempts.append({"number": self.tried, **line})
        del self.attempts[:-_REMEMBERED]


class Outbox:
    """A writer of the journal, after the one of recordings. ``send`` gets the callbacks of each committed batch, in order."""

    def __init__(
        self, *, node: str, send: Callable[[Sequence[Callback]], None], recording_url: RecordingUrl | None = None
    ) -> None:
        self._node = node
        self._send = send
        self._recording_url = recording_url
        self._changes: dict[str, dict[str, Any]] = {}
        self._writing: list[Callback] = []
        self._noting: list[dict[str, Any]] = []

    @property
    def waiting(self) -> bool:
        """Whether attempts are to be noted."""
        return bool(self._changes)

    @property
    def unsaved(self) -> frozenset[str]:
        """Sids whose last attempt is not in the database yet."""
        return frozenset(self._changes)

    def note(self, callback: Callback, state: str, at: datetime) -> None:
        """Remember what became of an attempt; the next batch of the journal writes it."""
        self._changes[callback.sid] = {
            "key": callback.sid,
            "state": state,
            "attempts": list(callback.attempts),
            "due_at": callback.due_at,
            "date_updated": at,
        }

    async def write(self, connection: Connection, events: Sequence[CallEvent]) -> None:
        """Rows for the milestones that somebody wants to hear of, and what is known of earlier ones."""
        callbacks = []
        rows = []
        recorded = await self._recorded(connection, events)
        for event in events:
            match event:
                case CallCreated() | CallProgressed() | CallEnded():
                    callback = _callback(event, recorded.get(event.call.sid, {}))
                case ConferenceChanged():
                    callback = _conference_callback(event)
                case MachineDetected():
                    callback = _machine_callback(event)
                case RecordingStarted() | RecordingEnded():
                    callback = self._about_recording(event)
                case _:
                    continue
            if callback is not None:
                callbacks.append(callback)
                rows.append(self._row(callback, event.at))
        self._writing = callbacks
        self._noting = list(self._changes.values())
        await deliveries.add(connection, rows)
        await deliveries.progress(connection, self._noting)

    def committed(self) -> None:
        """Send what is now durable."""
        for change in self._noting:
            if self._changes.get(change["key"]) is change:
                del self._changes[change["key"]]
        callbacks, self._writing, self._noting = self._writing, [], []
        if callbacks:
            self._send(callbacks)

    def rolled_back(self) -> None:
        """Nothing may be sent yet."""
        self._writing, self._noting = [], []

    async def _recorded(self, connection: Connection, events: Sequence[CallEvent]) -> dict[str, dict[str, str]]:
        """What the last callbacks of calls that the API had recorded say of the recording, by the call's sid."""
        over = {
            event.call.sid: event.call
            for event in events
            if isinstance(event, CallEnded)
            and event.call.direction is Direction.OUTBOUND_API
            and event.call.status_callback is not None
        }
        found = await recordings.of_whole_calls(connection, list(over))
        said = {}
        for sid, (recording, milliseconds) in found.items():
            said[sid] = {"RecordingSid": recording, "RecordingDuration": str(round(milliseconds / 1000))}
            if self._recording_url is not None:
                call = over[CallSid(sid)]
                url = self._recording_url(call.account_sid, RecordingSid(recording), call.api_version)
                said[sid] = {"RecordingUrl": url, **said[sid]}
        return said

    def _about_recording(self, event: RecordingStarted | RecordingEnded) -> Callback | None:
        """``in-progress``, then ``completed`` or ``absent``, to whoever was named with the recording."""
        match event:
            case RecordingStarted():
                started, status, duration = event, "in-progress", None
            case RecordingEnded(started=None):
                return None
            case RecordingEnded(started=RecordingStarted() as started, absent=absent):
                status, duration = ("absent", None) if absent else ("completed", event.duration)
            case _:
                return None
        wanted = started.callback
        if wanted is None or status not in wanted.events:
            return None
        url = ""
        if self._recording_url is not None:
            url = self._recording_url(started.account_sid, started.sid, started.api_version)
        sequence = int(isinstance(event, RecordingEnded))
        form = recording_parameters(started, status, url=url, duration=duration)
        return Callback(
            sid=_sid(started.sid, sequence),
            account_sid=started.account_sid,
            call_sid=started.call_sid,
            sequence=sequence,
            url=wanted.url,
            method=wanted.method,
            parameters=_clean(form),
            due_at=event.at,
        )

    def _row(self, callback: Callback, at: datetime) -> dict[str, Any]:
        return {
            "sid": callback.sid,
            "account_sid": callback.account_sid,
            "call_sid": callback.call_sid,
            "sequence": callback.sequence,
            "url": callback.url,
            "method": callback.method,
            "parameters": callback.parameters,
            "state": deliveries.PENDING,
            "attempts": [],
            "due_at": callback.due_at,
            "date_created": at,
            "date_updated": at,
            "node": self._node,
        }


def callback_of(row: DeliveryRow) -> Callback:
    """A callback that was left in the database."""
    attempts = list(row.attempts)
    return Callback(
        sid=row.sid,
        account_sid=AccountSid(row.account_sid),
        call_sid=row.call_sid,
        sequence=row.sequence,
        url=row.url,
        method=row.method,
        parameters=tuple((name, value) for name, value in row.parameters),
        due_at=row.due_at,
        tried=attempts[-1]["number"] if attempts else 0,
        attempts=attempts,
    )


def _callback(event: CallCreated | CallProgressed | CallEnded, recording: Mapping[str, str]) -> Callback | None:
    call = event.call
    match event:
        case CallCreated():
            milestone = Milestone.INITIATED
        case CallProgressed():
            milestone = milestone_of(call)
        case CallEnded():
            milestone = Milestone.COMPLETED
    wanted = call.status_callback
    if wanted is None or milestone.value not in wanted.events:
        return None
    form = callback_parameters(call, milestone, event.at, recording=recording)
    return Callback(
        sid=_sid(call.sid, milestone.sequence),
        account_sid=call.account_sid,
        call_sid=call.sid,
        sequence=milestone.sequence,
        url=wanted.url,
        method=wanted.method,
        parameters=_clean(form),
        due_at=event.at,
    )


def _conference_callback(event: ConferenceChanged) -> Callback | None:
    conference, participant = event.conference, event.participant
    wanted = conference.status_callback
    if wanted is None or event.moment.word not in wanted.events:
        return None
    return Callback(
        sid=f"{PREFIXES['delivery']}{conference.sid[2:18]}{event.sequence & 0xFFFF:04x}{_hash(conference.sid, 6)}",
        account_sid=conference.account_sid,
        call_sid="" if participant is None else participant.call_sid,
        sequence=event.sequence,
        url=wanted.url,
        method=wanted.method,
        parameters=_clean(conference_parameters(event)),
        due_at=event.at,
    )


def _machine_callback(event: MachineDetected) -> Callback:
    call = event.call
    return Callback(
        sid=_sid(call.sid, _MACHINE),
        account_sid=call.account_sid,
        call_sid=call.sid,
        sequence=_MACHINE,
        url=event.url,
        method=event.method,
        parameters=_clean(machine_parameters(call)),
        due_at=event.at,
    )


def _sid(call_sid: str, sequence: int) -> str:
    """Time and node of the call, the sequence, a hash of the call's sid: always the same, and sorted as they are due."""
    return f"{PREFIXES['delivery']}{call_sid[2:18]}{sequence:02x}{_hash(call_sid, 7)}"


def _hash(sid: str, size: int) -> str:
    return blake2b(sid.encode(), digest_size=size).hexdigest()


def _clean(form: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Without NUL and lone surrogates, which headers of a caller may bring and PostgreSQL cannot hold."""
    return tuple((storable(name), storable(value)) for name, value in form)
