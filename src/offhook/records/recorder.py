"""The recorder: writes events as call records, recordings and notifications into the journal's transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import PurePath
from typing import Any, TypeAlias

from offhook.calls.events import (
    CallCreated,
    CallEnded,
    CallEvent,
    CallFacts,
    CallMeasured,
    CallProgressed,
    Noticed,
    RecordingEnded,
    RecordingPaused,
    RecordingStarted,
    StatusCallback,
)
from offhook.store import calls, nodes, notifications, qualities, recordings
from offhook.store.base import storable
from offhook.store.calls import CallRow
from offhook.store.recordings import RecordingRow
from offhook.store.session import Connection
from offhook.vocabulary.clock import Clock
from offhook.vocabulary.sids import AccountSid, ApplicationSid, CallSid, NumberSid, RecordingSid
from offhook.vocabulary.statuses import CallStatus, Direction

Row: TypeAlias = dict[str, Any]


class Recorder:
    """A writer of the journal. Of several events of one call in a batch only the last is written: it holds them all."""

    def __init__(self, *, clock: Clock, node: str, heartbeat: float) -> None:
        self._clock = clock
        self._node = node
        self._heartbeat = heartbeat
        self._next_beat = 0.0
        self._beating: float | None = None

    @property
    def waiting(self) -> bool:
        """Whether a sign of life is due."""
        return self._clock.monotonic() >= self._next_beat

    async def write(self, connection: Connection, events: Sequence[CallEvent]) -> None:
        """Rows for ``events``, a handful of statements however many there are."""
        last: dict[str, Row] = {}
        notices: list[Row] = []
        started: list[Row] = []
        measured: list[Row] = []
        paused: dict[str, Row] = {}
        ended: dict[str, RecordingEnded] = {}
        for event in events:
            match event:
                case CallCreated() | CallProgressed() | CallEnded():
                    last[event.call.sid] = call_row(event)
                case Noticed():
                    notices.append(_notification_row(event))
                case CallMeasured():
                    measured.append(_quality_row(event))
                case RecordingStarted():
                    started.append(self._recording_row(event))
                case RecordingPaused():
                    status = "paused" if event.paused else "in-progress"
                    paused[event.sid] = {"key": event.sid, "status": status, "date_updated": event.at}
                case RecordingEnded():
                    ended[event.sid] = event
                case _:
                    pass  # what applications said and were asked is watched live, not stored
        await calls.save(connection, list(last.values()))
        await qualities.save(connection, measured)
        await notifications.save(connection, notices)
        await recordings.start(connection, started)
        await recordings.pause(connection, list(paused.values()))
        await recordings.finish(connection, [_end(event) for event in ended.values() if not event.absent])
        await recordings.discard(connection, [sid for sid, event in ended.items() if event.absent])
        await self._beat(connection)

    def committed(self) -> None:
        """The sign of life is durable too."""
        if self._beating is not None:
            self._next_beat, self._beating = self._beating, None

    def rolled_back(self) -> None:
        """The sign of life is still due."""
        self._beating = None

    async def run(self, poke: Callable[[], None]) -> None:
        """Remind the journal (``poke``) of signs of life while nothing else happens."""
        while True:
            poke()
            await asyncio.sleep(self._heartbeat)

    async def _beat(self, connection: Connection) -> None:
        now = self._clock.monotonic()
        if now >= self._next_beat:
            await nodes.beat(connection, self._node, self._clock.utc())
            self._beating = now + self._heartbeat * 0.9

    def _recording_row(self, event: RecordingStarted) -> Row:
        return {
            "sid": event.sid,
            "account_sid": event.account_sid,
            "call_sid": event.call_sid,
            "status": "in-progress",
            "channels": event.channels,
            "source": event.source,
            "duration": None,
            "start_time": event.at,
            "date_created": event.at,
            "date_updated": event.at,
            "api_version": event.api_version,
            "track": str(event.track),
            "format": PurePath(event.path).suffix[1:] or "wav",
            **_callback_columns(event.callback),
            "node": self._node,
        }


def call_row(event: CallCreated | CallProgressed | CallEnded) -> Row:
    """The columns of a call."""
    call = event.call
    return {
        "sid": call.sid,
        "account_sid": call.account_sid,
        "parent_call_sid": call.parent_sid,
        "number_sid": call.number_sid,
        "application_sid": call.application_sid,
        "api_version": call.api_version,
        "direction": call.direction.value,
        "from_": storable(call.from_),
        "to_": storable(call.to),
        "caller_name": _storable(call.caller_name),
        "forwarded_from": _storable(call.forwarded_from),
        "status": call.status.value,
        "date_created": call.created_at,
        "date_updated": event.at,
        "start_time": call.answered_at,
        "end_time": call.ended_at,
        "duration": call.duration,
        "ring_duration": call.ring_duration,
        "reason": _storable(call.reason),
        "sip_code": call.sip_code,
        "sip_call_id": _storable(call.sip_call_id),
        "sip_headers": {storable(name): storable(value) for name, value in call.sip_headers.items()},
        "source_ip": call.source_ip,
        "sip_domain": _storable(call.sip_domain),
        **_callback_columns(call.status_callback),
        "node": call.node,
        "trunk_sid": call.trunk_sid,
    }


def _quality_row(event: CallMeasured) -> Row:
    return {"call_sid": event.call_sid, "date_created": event.at, **asdict(event.quality)}


def _callback_columns(callback: StatusCallback | None) -> Row:
    return {
        "status_callback": None if callback is None else storable(callback.url),
        "status_callback_method": "POST" if callback is None else callback.method,
        "status_callback_events": "" if callback is None else " ".join(sorted(callback.events)),
    }


def _callback(row: CallRow | RecordingRow) -> StatusCallback | None:
    if row.status_callback is None:
        return None
    return StatusCallback(
        url=row.status_callback,
        method=row.status_callback_method,
        events=frozenset(row.status_callback_events.split()),
    )


def recording_started(row: RecordingRow) -> RecordingStarted:
    """The beginning of a recording, from its row; ``path`` is its extension alone."""
    return RecordingStarted(
        sid=RecordingSid(row.sid),
        account_sid=AccountSid(row.account_sid),
        call_sid=CallSid(row.call_sid),
        path=f".{row.format}",
        channels=row.channels,
        source=row.source,
        track=row.track,
        api_version=row.api_version,
        callback=_callback(row),
        at=row.start_time,
    )


def call_facts(row: CallRow) -> CallFacts:
    """A record as facts: what recovery and the API need of a call that is not live."""
    return CallFacts(
        sid=CallSid(row.sid),
        account_sid=AccountSid(row.account_sid),
        parent_sid=None if row.parent_call_sid is None else CallSid(row.parent_call_sid),
        number_sid=None if row.number_sid is None else NumberSid(row.number_sid),
        application_sid=None if row.application_sid is None else ApplicationSid(row.application_sid),
        api_version=row.api_version,
        direction=Direction(row.direction),
        from_=row.from_,
        to=row.to,
        caller_name=row.caller_name,
        forwarded_from=row.forwarded_from,
        status=CallStatus(row.status),
        created_at=row.date_created,
        answered_at=row.start_time,
        ended_at=row.end_time,
        duration=row.duration,
        ring_duration=row.ring_duration,
        reason=row.reason,
        sip_code=row.sip_code,
        sip_call_id=row.sip_call_id,
        sip_headers=row.sip_headers,
        source_ip=row.source_ip,
        sip_domain=row.sip_domain,
        status_callback=_callback(row),
        node=row.node,
        trunk_sid=row.trunk_sid,
    )


def _notification_row(event: Noticed) -> Row:
    return {
        "sid": event.sid,
        "account_sid": event.account_sid,
        "call_sid": event.call_sid,
        "log": event.level.value,
        "error_code": event.code,
        "message_text": storable(event.message),
        "message_date": event.at,
        "request_url": _storable(event.request_url),
        "request_method": _storable(event.request_method),
        "request_variables": _storable(event.request_variables),
        "response_headers": _storable(event.response_headers),
        "response_body": _storable(event.response_body),
        "date_created": event.at,
        "date_updated": event.at,
        "api_version": "2012-04-24",
    }


def _end(event: RecordingEnded) -> Row:
    return {
        "key": event.sid,
        "status": "completed",
        "duration": event.duration,
        "reason": _storable(event.reason),
        "date_updated": event.at,
    }


def _storable(text: str | None) -> str | None:
    return None if text is None else storable(text)
