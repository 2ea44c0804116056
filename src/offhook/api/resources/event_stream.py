"""EventStream of a call: what happens to it, as server-sent events (the WHATWG event-stream format), until it ends."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from offhook.api.auth import Access, Authorized
from offhook.api.errors import ApiError, Code, NotFound
from offhook.api.operations import Operation, operation
from offhook.api.transcripts import Line, Missed, Silence
from offhook.calls.events import (
    ApplicationAsked,
    CallCreated,
    CallEnded,
    CallEvent,
    CallMeasured,
    CallProgressed,
    ConferenceChanged,
    Heard,
    MachineDetected,
    Noticed,
    RecordingEnded,
    RecordingPaused,
    RecordingStarted,
)
from offhook.store import calls
from offhook.store.calls import CallRow
from offhook.vocabulary.sids import CallSid

router = APIRouter()


@router.get(
    "/Accounts/{account_sid}/Calls/{call_sid}/EventStream",
    **operation(Operation(name="stream_call_events", summary="Follow a call as it happens", media="text/event-stream")),
)
async def stream_call_events(access: Authorized, request: Request, call_sid: str) -> Response:
    """First what the call has had so far (a bounded number of events), then what happens, until it ends.

    Events are ``status``, ``heard``, ``asked``, ``noticed``, ``recording`` and ``missed``; ``Last-Event-ID`` resumes.
    """
    row = await _row(access, CallSid(call_sid))
    if access.ports.transcripts.followers >= access.ports.settings.streams:
        raise ApiError(
            429,
            Code.TOO_MANY_REQUESTS,
            "Too many event streams are open. Close some, or try again later.",
            headers={"retry-after": "5"},
        )
    last = request.headers.get("last-event-id", "")
    start = int(last) + 1 if last.isascii() and last.isdigit() and len(last) < 10 else 0
    return StreamingResponse(_lines(access, CallSid(call_sid), row, start), media_type="text/event-stream")


async def _row(access: Access, sid: CallSid) -> CallRow | None:
    """The record of a call that is over; None while it lives. Raises ``NotFound``."""
    live = access.ports.calls.live(sid)
    if live is not None and live.account_sid == access.account_sid:
        return None
    await access.ports.events.settled()
    async with access.ports.database.reading() as session:
        row = await calls.get(session, access.scope, sid)
    if row is None:
        raise NotFound(access.path)
    return row


async def _lines(access: Access, sid: CallSid, row: CallRow | None, start: int) -> AsyncIterator[bytes]:
    patience = access.ports.settings.stream_heartbeat
    nothing = True
    async with aclosing(access.ports.transcripts.follow(sid, start=start, patience=patience)) as followed:
        async for item in followed:
            nothing = False
            match item:
                case Line():
                    yield _sse(*described(item.event), number=item.number)
                case Missed():
                    yield _sse("missed", {"count": item.count})
                case Silence():
                    yield b": still here\n\n"
    if nothing and row is not None:
        # The call ended too long ago for its events to be kept: say at least how it ended.
        fields = {
            "sid": sid,
            "status": row.status,
            "duration": row.duration,
            "reason": row.reason,
            "sip_code": row.sip_code,
        }
        yield _sse("status", {"at": _at(row.end_time or row.date_updated), **fields})


def described(event: CallEvent) -> tuple[str, dict[str, Any]]:
    """The kind of an event in the stream, and its data."""
    match event:
        case CallCreated() | CallProgressed() | CallEnded():
            call = event.call
            fields = {"sid": call.sid, "status": call.status, "duration": call.duration, "reason": call.reason}
            fields |= {"sip_code": call.sip_code}
            return "status", {"at": _at(event.at), **fields}
        case MachineDetected(call=call):
            return "answered-by", {"at": _at(event.at), "answered_by": call.answered_by}
        case Heard():
            return "heard", {"at": _at(event.at), "what": event.what, "text": event.text}
        case ApplicationAsked():
            return "asked", {
                "at": _at(event.at),
                "method": event.method,
                "url": _without_credentials(event.url),
                "status": event.status,
                "content_type": event.content_type,
                "error": event.error,
                "elapsed": round(event.elapsed, 3),
            }
        case CallMeasured():
            return "quality", {"at": _at(event.at), **asdict(event.quality)}
        case Noticed():
            return "noticed", {
                "at": _at(event.at),
                "sid": event.sid,
                "log": event.level,
                "error_code": event.code,
                "message_text": event.message,
            }
        case RecordingStarted() | RecordingPaused() | RecordingEnded():
            return "recording", _recording(event)
        case ConferenceChanged():
            conference = event.conference
            return "conference", {
                "at": _at(event.at),
                "sid": conference.sid,
                "name": conference.name,
                "what": event.moment.value,
                "status": conference.status.value,
            }


def _recording(event: RecordingStarted | RecordingPaused | RecordingEnded) -> dict[str, Any]:
    duration: float | None = None
    match event:
        case RecordingEnded():
            status, duration = "absent" if event.absent else "completed", event.duration / 1000
        case RecordingPaused(paused=True):
            status = "paused"
        case _:
            status = "in-progress"
    return {"at": _at(event.at), "sid": event.sid, "status": status, "duration": duration}


def _sse(kind: str, data: dict[str, Any], *, number: int | None = None) -> bytes:
    """One event. JSON holds no line breaks of its own, so one ``data`` line is enough."""
    identity = "" if number is None else f"id: {number}\n"
    text = json.dumps({"event": kind, **data}, ensure_ascii=False, separators=(",", ":"))
    return f"event: {kind}\n{identity}data: {text}\n\n".encode("utf-8", "replace")


def _at(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _without_credentials(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
