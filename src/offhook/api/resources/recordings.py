"""Recordings: metadata and audio, of the account as a whole and of one call. The audio asks for the same credentials."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.responses import FileResponse, Response

from offhook.api.auth import Access, Authorized
from offhook.api.dialect import Dialect
from offhook.api.errors import ApiError, Code, NotFound
from offhook.api.filters import span
from offhook.api.operations import Operation, operation, query, settled
from offhook.api.wire.bodies import Link, Links, Mark, MediaLink, Names
from offhook.api.wire.forms import parameter
from offhook.api.wire.responses import gone
from offhook.store import calls, recordings
from offhook.store.recordings import RecordingFilters, RecordingRow
from offhook.store.session import Session

router = APIRouter()
NAMES: Final = Names(element="Recording", many="Recordings", key="recordings")
OF_CALL: Final = Names(element="Recording", many="Recordings", key="recordings", bare=True)
Settled = Annotated[Access, Depends(settled)]
_ONE: Final = "/Accounts/{account_sid}/Recordings/{sid}"
_ONE_OF_CALL: Final = "/Accounts/{account_sid}/Calls/{call_sid}/Recordings/{sid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recording."""

    sid: str
    account_sid: str
    call_sid: str
    conference_sid: Annotated[str | None, Mark.ONLY_TWILIO] = None
    api_version: str
    status: str
    channels: int
    source: str
    duration: Annotated[float | None, Mark.TEXT_IN_TWILIO]
    start_time: datetime
    date_created: datetime
    date_updated: datetime
    price: Annotated[str | None, Mark.ONLY_TWILIO] = None
    price_unit: Annotated[str | None, Mark.ONLY_TWILIO] = None
    error_code: Annotated[int | None, Mark.ONLY_TWILIO] = None
    encryption_details: Annotated[str | None, Mark.ONLY_TWILIO] = None
    track: Annotated[str | None, Mark.ONLY_TWILIO] = None
    media_url: Annotated[MediaLink, Mark.ONLY_TWILIO]
    file_uri: Annotated[MediaLink, Mark.ONLY_RESTCOMM]
    uri: Link
    subresource_uris: Annotated[Links, Mark.ONLY_TWILIO] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCallRecordings:
    """Filters of the list of one call."""

    on: date | None = parameter("Made on this day (UTC).", name="DateCreated", default=None)
    until: date | None = parameter("Made until this day or moment.", name="DateCreated<", default=None)
    since: date | None = parameter("Made from this day or moment on.", name="DateCreated>", default=None)
    start_time: date | None = parameter("Made from this day or moment on.", default=None)
    end_time: date | None = parameter("Made until this day or moment.", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRecordings(ListCallRecordings):
    """Filters of the list of an account."""

    call_sid: str | None = parameter("Of this call.", default=None)


@router.get(
    "/Accounts/{account_sid}/Recordings",
    **operation(
        Operation(
            name="list_recordings",
            summary="List recordings",
            names=NAMES,
            body=Recording,
            many=True,
            asks=ListRecordings,
        )
    ),
)
async def list_recordings(access: Settled, filters: Annotated[ListRecordings, query(ListRecordings)]) -> Response:
    """Newest first."""
    return await _list(access, filters, filters.call_sid, NAMES)


@router.get(
    "/Accounts/{account_sid}/Calls/{call_sid}/Recordings",
    **operation(
        Operation(
            name="list_call_recordings",
            summary="List the recordings of a call",
            names=OF_CALL,
            body=Recording,
            many=True,
            asks=ListCallRecordings,
        )
    ),
)
async def list_call_recordings(
    access: Settled, call_sid: str, filters: Annotated[ListCallRecordings, query(ListCallRecordings)]
) -> Response:
    """Newest first."""
    async with access.ports.database.reading() as session:
        if await calls.get(session, access.scope, call_sid) is None:
            raise NotFound(f"{access.base()}/Calls/{call_sid}")
    return await _list(access, filters, call_sid, OF_CALL)


@router.get(
    _ONE + ".wav",
    **operation(Operation(name="fetch_recording_audio", summary="Fetch the audio of a recording", media="audio/wav")),
)
async def fetch_recording_audio(access: Settled, sid: str) -> Response:
    """A WAV file; ``Range`` is honoured. A recording in progress gives what there is so far."""
    async with access.ports.database.reading() as session:
        await _found(access, session, sid)
    return await _audio(access, sid)


@router.get(
    _ONE,
    **operation(Operation(name="fetch_recording", summary="Fetch a recording", names=NAMES, body=Recording)),
)
async def fetch_recording(access: Settled, sid: str) -> Response:
    """Metadata; the audio when the 2010-04-01 dialect asks without ``.json`` and ``Accept``, as ``RecordingUrl`` is used."""
    async with access.ports.database.reading() as session:
        row = await _found(access, session, sid)
    if access.rendering.dialect is Dialect.TWILIO and not access.rendering.explicit:
        return await _audio(access, sid)
    return access.one(NAMES, _body(access, row))


@router.get(
    _ONE_OF_CALL,
    **operation(
        Operation(name="fetch_call_recording", summary="Fetch a recording of a call", names=NAMES, body=Recording)
    ),
)
async def fetch_call_recording(access: Settled, call_sid: str, sid: str) -> Response:
    """Metadata."""
    async with access.ports.database.reading() as session:
        row = await _found(access, session, sid, call_sid)
    return access.one(NAMES, _body(access, row))


@router.delete(_ONE, **operation(Operation(name="delete_recording", summary="Delete a recording")))
async def delete_recording(access: Authorized, sid: str) -> Response:
    """Metadata and audio."""
    return await _delete(access, sid, None)


@router.delete(
    _ONE_OF_CALL, **operation(Operation(name="delete_call_recording", summary="Delete a recording of a call"))
)
async def delete_call_recording(access: Authorized, call_sid: str, sid: str) -> Response:
    """Metadata and audio."""
    return await _delete(access, sid, call_sid)


async def _delete(access: Access, sid: str, call_sid: str | None) -> Response:
    async with access.ports.database.writing() as session:
        row = await _found(access, session, sid, call_sid)
        if row.status == "in-progress":
            raise ApiError(409, Code.CONFLICT, f"Recording {sid} is in progress; delete it when it is complete")
        await session.delete(row)
    # The row goes first: after a crash in between a file without a row harms nobody, a row without its file would.
    await asyncio.to_thread(access.ports.recordings.delete, sid)
    return gone()


async def _list(access: Access, filters: ListCallRecordings, call_sid: str | None, names: Names) -> Response:
    created = span(on=filters.on, since=filters.since or filters.start_time, until=filters.until or filters.end_time)
    async with access.ports.database.reading() as session:
        wanted = RecordingFilters(call_sid=call_sid, created=created)
        page = await recordings.page(session, access.scope, wanted, access.wanted_page())
    return access.many(names, page, [_body(access, row) for row in page.rows])


async def _found(access: Access, session: Session, sid: str, call_sid: str | None = None) -> RecordingRow:
    row = await recordings.get(session, access.scope, sid)
    if row is None or call_sid not in (None, row.call_sid):
        raise NotFound(access.path)
    return row


async def _audio(access: Access, sid: str) -> Response:
    path = access.ports.recordings.path(sid)
    if not await asyncio.to_thread(path.is_file):
        raise NotFound(f"the audio of recording {sid}")
    return FileResponse(path, media_type="audio/wav", filename=f"{sid}.wav", content_disposition_type="inline")


def _body(access: Access, row: RecordingRow) -> Recording:
    path = f"/Accounts/{row.account_sid}/Recordings/{row.sid}"
    seconds = None if row.duration is None else row.duration / 1000
    if seconds is not None and access.rendering.dialect is Dialect.TWILIO:
        seconds = round(seconds)
    return Recording(
        sid=row.sid,
        account_sid=row.account_sid,
        call_sid=row.call_sid,
        api_version=row.api_version,
        status=row.status,
        channels=row.channels,
        source=row.source,
        duration=seconds,
        start_time=row.start_time,
        date_created=row.date_created,
        date_updated=row.date_updated,
        media_url=f"{path}.wav",
        file_uri=f"{path}.wav",
        uri=path,
    )
