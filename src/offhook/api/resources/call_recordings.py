"""Recordings of one call: start one, pause it, let it go on, stop it; read and delete them."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.responses import Response

from offhook.api.auth import Access, Authorized
from offhook.api.errors import Code, NotFound
from offhook.api.operations import Operation, body, operation, query, settled
from offhook.api.recording_body import (
    NAMES,
    OF_CALL,
    ListCallRecordings,
    Recording,
    deleted,
    found,
    listed,
    of_row,
)
from offhook.api.recording_forms import StartRecording, UpdateRecording, change_of, order_of
from offhook.store import calls
from offhook.vocabulary.sids import CallSid, RecordingSid

router = APIRouter()
Settled = Annotated[Access, Depends(settled)]
_LIST: Final = "/Accounts/{account_sid}/Calls/{call_sid}/Recordings"
_ONE: Final = _LIST + "/{sid}"
_CURRENT: Final = _LIST + "/Twilio.CURRENT"


@router.get(
    _LIST,
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
    await _call(access, call_sid)
    return await listed(access, filters, call_sid, OF_CALL)


@router.post(
    _LIST,
    **operation(
        Operation(
            name="create_call_recording",
            summary="Record a call in progress",
            names=NAMES,
            body=Recording,
            created=True,
            takes=StartRecording,
            refusals=(Code.NOT_IN_PROGRESS, Code.BAD_STATUS_CALLBACK),
        )
    ),
)
async def create_call_recording(
    access: Settled, call_sid: str, form: Annotated[StartRecording, body(StartRecording)]
) -> Response:
    """From now to the end of the call, or until it is stopped. A call may be recorded several times at once."""
    await _call(access, call_sid)
    sid = access.ports.live_recordings.start(CallSid(call_sid), order_of(form, source="StartCallRecordingAPI"))
    return await _one(access, call_sid, sid, created=True)


@router.get(
    _ONE,
    **operation(
        Operation(name="fetch_call_recording", summary="Fetch a recording of a call", names=NAMES, body=Recording)
    ),
)
async def fetch_call_recording(access: Settled, call_sid: str, sid: str) -> Response:
    """Metadata."""
    return await _one(access, call_sid, sid)


@router.post(
    _CURRENT,
    **operation(
        Operation(
            name="update_current_call_recording",
            summary="Pause, resume or stop the recording that began last",
            names=NAMES,
            body=Recording,
            takes=UpdateRecording,
            refusals=(Code.NOT_IN_PROGRESS,),
        )
    ),
)
async def update_current_call_recording(
    access: Settled, call_sid: str, form: Annotated[UpdateRecording, body(UpdateRecording)]
) -> Response:
    """Of those that are under way."""
    return await _changed(access, call_sid, None, form)


@router.post(
    _ONE,
    **operation(
        Operation(
            name="update_call_recording",
            summary="Pause, resume or stop a recording",
            names=NAMES,
            body=Recording,
            takes=UpdateRecording,
            refusals=(Code.NOT_IN_PROGRESS,),
        )
    ),
)
async def update_call_recording(
    access: Settled, call_sid: str, sid: str, form: Annotated[UpdateRecording, body(UpdateRecording)]
) -> Response:
    """Only while it is under way."""
    return await _changed(access, call_sid, RecordingSid(sid), form)


@router.delete(_ONE, **operation(Operation(name="delete_call_recording", summary="Delete a recording of a call")))
async def delete_call_recording(access: Authorized, call_sid: str, sid: str) -> Response:
    """Metadata and audio."""
    return await deleted(access, sid, call_sid)


async def _call(access: Access, call_sid: str) -> None:
    async with access.ports.database.reading() as session:
        if await calls.get(session, access.scope, call_sid) is None:
            raise NotFound(f"{access.base()}/Calls/{call_sid}")


async def _changed(access: Access, call_sid: str, sid: RecordingSid | None, form: UpdateRecording) -> Response:
    await _call(access, call_sid)
    changed = await access.ports.live_recordings.change(CallSid(call_sid), sid, change_of(form))
    return await _one(access, call_sid, changed)


async def _one(access: Access, call_sid: str, sid: str, *, created: bool = False) -> Response:
    await access.ports.events.settled()
    async with access.ports.database.reading() as session:
        row = await found(access, session, sid, call_sid)
    return access.one(NAMES, of_row(access, row), created=created)
