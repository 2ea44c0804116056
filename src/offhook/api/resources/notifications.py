"""Notifications: what went wrong with an application, for the account as a whole and for one call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.responses import Response

from offhook.api.auth import Access
from offhook.api.errors import NotFound
from offhook.api.filters import span
from offhook.api.operations import Operation, operation, query, settled
from offhook.api.wire.bodies import Link, Names
from offhook.api.wire.forms import parameter
from offhook.store import calls, notifications
from offhook.store.notifications import NotificationFilters, NotificationRow

router = APIRouter()
NAMES: Final = Names(element="Notification", many="Notifications", key="notifications")
Settled = Annotated[Access, Depends(settled)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedNotification:
    """A notification as lists show it."""

    sid: str
    account_sid: str
    call_sid: str | None
    api_version: str
    log: str
    error_code: str
    message_text: str
    message_date: datetime
    more_info: str
    request_method: str | None
    request_url: str | None
    date_created: datetime
    date_updated: datetime
    uri: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification(ListedNotification):
    """A notification with what was exchanged."""

    request_variables: str | None
    response_headers: str | None
    response_body: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCallNotifications:
    """Filters of the list of one call."""

    log: str | None = parameter("0 for errors, 1 for warnings.", default=None)
    on: date | None = parameter("On this day (UTC).", name="MessageDate", default=None)
    until: date | None = parameter("Until this day or moment.", name="MessageDate<", default=None)
    since: date | None = parameter("From this day or moment.", name="MessageDate>", default=None)
    start_time: date | None = parameter("From this day or moment.", default=None)
    end_time: date | None = parameter("Until this day or moment.", default=None)
    error_code: int | None = parameter("Exact code.", default=None)
    request_url: str | None = parameter("Part of the URL.", default=None)
    message_text: str | None = parameter("Part of the message.", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListNotifications(ListCallNotifications):
    """Filters of the list of an account."""

    call_sid: str | None = parameter("Of this call.", default=None)


@router.get(
    "/Accounts/{account_sid}/Notifications",
    **operation(
        Operation(
            name="list_notifications",
            summary="List notifications",
            names=NAMES,
            body=ListedNotification,
            many=True,
            asks=ListNotifications,
        )
    ),
)
async def list_notifications(
    access: Settled, filters: Annotated[ListNotifications, query(ListNotifications)]
) -> Response:
    """Newest first."""
    return await _list(access, filters, filters.call_sid)


@router.get(
    "/Accounts/{account_sid}/Notifications/{sid}",
    **operation(Operation(name="fetch_notification", summary="Fetch a notification", names=NAMES, body=Notification)),
)
async def fetch_notification(access: Settled, sid: str) -> Response:
    """With the request and the response."""
    return await _fetch(access, sid, None)


@router.get(
    "/Accounts/{account_sid}/Calls/{call_sid}/Notifications",
    **operation(
        Operation(
            name="list_call_notifications",
            summary="List the notifications of a call",
            names=NAMES,
            body=ListedNotification,
            many=True,
            asks=ListCallNotifications,
        )
    ),
)
async def list_call_notifications(
    access: Settled, call_sid: str, filters: Annotated[ListCallNotifications, query(ListCallNotifications)]
) -> Response:
    """Newest first."""
    async with access.ports.database.reading() as session:
        if await calls.get(session, access.scope, call_sid) is None:
            raise NotFound(f"{access.base()}/Calls/{call_sid}")
    return await _list(access, filters, call_sid)


@router.get(
    "/Accounts/{account_sid}/Calls/{call_sid}/Notifications/{sid}",
    **operation(
        Operation(
            name="fetch_call_notification", summary="Fetch a notification of a call", names=NAMES, body=Notification
        )
    ),
)
async def fetch_call_notification(access: Settled, call_sid: str, sid: str) -> Response:
    """With the request and the response."""
    return await _fetch(access, sid, call_sid)


async def _list(access: Access, filters: ListCallNotifications, call_sid: str | None) -> Response:
    wanted = NotificationFilters(
        call_sid=call_sid,
        log=filters.log,
        error_code=filters.error_code,
        request_url=filters.request_url,
        message_text=filters.message_text,
        message=span(on=filters.on, since=filters.since or filters.start_time, until=filters.until or filters.end_time),
    )
    async with access.ports.database.reading() as session:
        page = await notifications.page(session, access.scope, wanted, access.wanted_page())
    return access.many(NAMES, page, [_listed(access, row) for row in page.rows])


async def _fetch(access: Access, sid: str, call_sid: str | None) -> Response:
    async with access.ports.database.reading() as session:
        row = await notifications.get(session, access.scope, sid)
    if row is None or call_sid not in (None, row.call_sid):
        raise NotFound(access.path)
    body = Notification(
        **_common(access, row),  # type: ignore[arg-type] # the keys are those of ListedNotification
        request_variables=row.request_variables,
        response_headers=row.response_headers,
        response_body=row.response_body,
    )
    return access.one(NAMES, body)


def _listed(access: Access, row: NotificationRow) -> ListedNotification:
    return ListedNotification(**_common(access, row))  # type: ignore[arg-type] # as above


def _common(access: Access, row: NotificationRow) -> dict[str, object]:
    return {
        "sid": row.sid,
        "account_sid": row.account_sid,
        "call_sid": row.call_sid,
        "api_version": row.api_version,
        "log": row.log,
        "error_code": str(row.error_code),
        "message_text": row.message_text,
        "message_date": row.message_date,
        "more_info": f"{access.rendering.origin}/docs#error-{row.error_code}",
        "request_method": row.request_method,
        "request_url": row.request_url,
        "date_created": row.date_created,
        "date_updated": row.date_updated,
        "uri": f"/Accounts/{row.account_sid}/Notifications/{row.sid}",
    }
