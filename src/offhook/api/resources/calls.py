"""Calls: make, list, read, redirect, hang up, delete."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.responses import Response

from offhook.api import call_body
from offhook.api.auth import Access, Authorized
from offhook.api.call_body import NAMES, Call
from offhook.api.call_forms import CreateCall, ListCalls, NewStatus, UpdateCall, application_of, order_of
from offhook.api.dialect import Dialect
from offhook.api.errors import ApiError, BadParameter, Code, NotFound
from offhook.api.filters import span
from offhook.api.operations import Operation, body, operation, query, settled
from offhook.api.wire.responses import gone
from offhook.calls.events import CallFacts
from offhook.store import calls, qualities
from offhook.store.calls import CallFilters, CallRow
from offhook.store.filters import Span
from offhook.vocabulary.sids import CallSid
from offhook.vocabulary.statuses import CallStatus

router = APIRouter()
Settled = Annotated[Access, Depends(settled)]
_LIST: Final = "/Accounts/{account_sid}/Calls"
_ONE: Final = "/Accounts/{account_sid}/Calls/{sid}"


@router.post(
    _LIST,
    **operation(
        Operation(
            name="create_call",
            summary="Make a call",
            names=NAMES,
            body=Call,
            created=True,
            takes=CreateCall,
            refusals=(
                Code.NO_TO,
                Code.INVALID_TO,
                Code.NO_FROM,
                Code.INVALID_FROM,
                Code.INVALID_URL,
                Code.BAD_APPLICATION,
                Code.BAD_STATUS_CALLBACK,
            ),
        )
    ),
)
async def create_call(access: Authorized, form: Annotated[CreateCall, body(CreateCall)]) -> Response:
    """Answers at once, with status ``queued``; the document is asked for when the callee has answered."""
    facts = await access.ports.calls.place(await order_of(access, form))
    return access.one(NAMES, call_body.of_facts(facts), created=True)


@router.get(
    _LIST,
    **operation(Operation(name="list_calls", summary="List calls", names=NAMES, body=Call, many=True, asks=ListCalls)),
)
async def list_calls(access: Settled, filters: Annotated[ListCalls, query(ListCalls)]) -> Response:
    """Newest first; live calls in their present state."""
    start, end = _spans(access.rendering.dialect, filters)
    wanted = CallFilters(
        to=filters.to,
        from_=filters.from_,
        status=filters.status,
        parent_call_sid=filters.parent_call_sid,
        start=start,
        end=end,
    )
    async with access.ports.database.reading() as session:
        page = await calls.page(session, access.scope, wanted, access.wanted_page())
    return access.many(NAMES, page, [_present(access, row) for row in page.rows])


@router.get(_ONE, **operation(Operation(name="fetch_call", summary="Fetch a call", names=NAMES, body=Call)))
async def fetch_call(access: Settled, sid: str) -> Response:
    """In its present state."""
    return access.one(NAMES, _present(access, await _found(access, sid)))


@router.put(_ONE, include_in_schema=False)
@router.post(
    _ONE,
    **operation(
        Operation(
            name="update_call",
            summary="Redirect or end a call",
            names=NAMES,
            body=Call,
            takes=UpdateCall,
            refusals=(Code.NOT_IN_PROGRESS, Code.INVALID_URL),
        )
    ),
)
async def update_call(access: Settled, sid: str, form: Annotated[UpdateCall, body(UpdateCall)]) -> Response:
    """A redirect stops the verb in progress; its action is not requested."""
    row = await _found(access, sid)
    if access.ports.calls.live(CallSid(sid)) is None:
        message = f"Call {sid} is not in progress: its status is {row.status}"
        raise ApiError(_over_status(access), Code.NOT_IN_PROGRESS, message)
    facts = await _changed(access, CallSid(sid), form)
    return access.one(NAMES, call_body.of_facts(facts))


@router.delete(_ONE, **operation(Operation(name="delete_call", summary="Delete the record of a finished call")))
async def delete_call(access: Settled, sid: str) -> Response:
    """Its recordings stay."""
    async with access.ports.database.writing() as session:
        row = await calls.get(session, access.scope, sid)
        if row is None:
            raise NotFound(access.path)
        if access.ports.calls.live(CallSid(sid)) is not None or not CallStatus(row.status).final:
            raise ApiError(409, Code.CONFLICT, f"Call {sid} is {row.status}; end it before you delete its record")
        await qualities.forget(session, sid)
        await session.delete(row)
    return gone()


async def _changed(access: Access, sid: CallSid, form: UpdateCall) -> CallFacts:
    match form.status:
        case NewStatus.COMPLETED:
            return await access.ports.calls.hangup(sid)
        case NewStatus.CANCELED:
            return await access.ports.calls.cancel(sid)
        case None:
            application = application_of(access, form)
            if application is None:
                raise BadParameter(Code.INVALID_URL, "Nothing to change: give Url, Twiml or Status")
            return await access.ports.calls.redirect(sid, application)


def _spans(dialect: Dialect, filters: ListCalls) -> tuple[Span, Span]:
    """The 2012-04-24 dialect means by StartTime and EndTime the ends of one span of start times."""
    if dialect is Dialect.RESTCOMM:
        since, until = filters.start_since or filters.start_on, filters.start_until or filters.end_on
        return span(since=since, until=until), span(since=filters.end_since, until=filters.end_until)
    return (
        span(on=filters.start_on, since=filters.start_since, until=filters.start_until),
        span(on=filters.end_on, since=filters.end_since, until=filters.end_until),
    )


def _over_status(access: Access) -> int:
    return 400 if access.rendering.dialect is Dialect.TWILIO else 410


async def _found(access: Access, sid: str) -> CallRow:
    async with access.ports.database.reading() as session:
        row = await calls.get(session, access.scope, sid)
    if row is None:
        raise NotFound(access.path)
    return row


def _present(access: Access, row: CallRow) -> Call:
    live = None if CallStatus(row.status).final else access.ports.calls.live(CallSid(row.sid))
    return call_body.of_row(row) if live is None else call_body.of_facts(live)
