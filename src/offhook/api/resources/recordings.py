"""Recordings of an account: their metadata, their audio in each format, and their deletion. Audio asks for credentials too."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.responses import Response

from offhook.api.auth import Access, Authorized
from offhook.api.dialect import Dialect
from offhook.api.operations import Operation, operation, query, settled
from offhook.api.recording_audio import MEDIA_TYPES, audio
from offhook.api.recording_body import NAMES, ListRecordings, Recording, deleted, found, listed, of_row

router = APIRouter()
Settled = Annotated[Access, Depends(settled)]
_ONE: Final = "/Accounts/{account_sid}/Recordings/{sid}"


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
    return await listed(access, filters, filters.call_sid, NAMES)


@router.head(_ONE + ".wav", include_in_schema=False)
@router.get(
    _ONE + ".wav",
    **operation(
        Operation(name="fetch_recording_audio", summary="Fetch the audio of a recording", media=MEDIA_TYPES["wav"])
    ),
)
async def fetch_recording_audio(access: Settled, sid: str) -> Response:
    """A WAV file; ``Range`` is honoured. A recording in progress gives what there is so far."""
    return await _audio(access, sid, "wav")


@router.head(_ONE + ".ogg", include_in_schema=False)
@router.get(
    _ONE + ".ogg",
    **operation(
        Operation(
            name="fetch_recording_ogg",
            summary="Fetch the audio of a recording as Ogg/Opus",
            media=MEDIA_TYPES["ogg"],
        )
    ),
)
async def fetch_recording_ogg(access: Settled, sid: str) -> Response:
    """An Ogg/Opus file; ``Range`` is honoured where it is stored so."""
    return await _audio(access, sid, "ogg")


@router.head(_ONE, include_in_schema=False)
@router.get(
    _ONE,
    **operation(Operation(name="fetch_recording", summary="Fetch a recording", names=NAMES, body=Recording)),
)
async def fetch_recording(access: Settled, sid: str) -> Response:
    """Metadata; the audio when the 2010-04-01 dialect asks without ``.json`` and ``Accept``, as ``RecordingUrl`` is used."""
    async with access.ports.database.reading() as session:
        row = await found(access, session, sid)
    if access.rendering.dialect is Dialect.TWILIO and not access.rendering.explicit:
        return await audio(access, row, row.format)
    return access.one(NAMES, of_row(access, row))


@router.delete(_ONE, **operation(Operation(name="delete_recording", summary="Delete a recording")))
async def delete_recording(access: Authorized, sid: str) -> Response:
    """Metadata and audio."""
    return await deleted(access, sid)


async def _audio(access: Access, sid: str, extension: str) -> Response:
    async with access.ports.database.reading() as session:
        row = await found(access, session, sid)
    return await audio(access, row, extension)
