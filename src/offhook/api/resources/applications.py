"""Applications: a name for a URL or a document that runs on calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from offhook.api import checks
from offhook.api.auth import Access, Authorized
from offhook.api.errors import BadParameter, Code, NotFound
from offhook.api.operations import Operation, body, operation, query
from offhook.api.voice import VoiceForm, given
from offhook.api.wire.bodies import Link, Mark, Names
from offhook.api.wire.forms import parameter
from offhook.api.wire.responses import gone
from offhook.store import applications
from offhook.store.applications import ApplicationFilters, ApplicationRow
from offhook.store.session import Session

router = APIRouter()
NAMES: Final = Names(element="Application", many="Applications", key="applications", bare=True)
_LIST: Final = "/Accounts/{account_sid}/Applications"
_ONE: Final = "/Accounts/{account_sid}/Applications/{sid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One application."""

    sid: str
    account_sid: str
    api_version: str
    friendly_name: str
    date_created: datetime
    date_updated: datetime
    kind: Annotated[str, Mark.ONLY_RESTCOMM]
    rcml_url: Annotated[str | None, Mark.ONLY_RESTCOMM]
    rcml: Annotated[str | None, Mark.ONLY_RESTCOMM]
    voice_url: str | None
    voice_method: str
    voice_fallback_url: str | None
    voice_fallback_method: str
    voice_caller_id_lookup: bool
    status_callback: str | None
    status_callback_method: str
    sms_url: str | None
    sms_method: str
    sms_fallback_url: str | None
    sms_fallback_method: str
    sms_status_callback: str | None
    message_status_callback: Annotated[str | None, Mark.ONLY_TWILIO]
    public_application_connect_enabled: Annotated[bool, Mark.ONLY_TWILIO]
    uri: Link


class Kind(StrEnum):
    """What an application serves."""

    VOICE = "voice"
    SMS = "sms"
    USSD = "ussd"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteApplication(VoiceForm):
    """Parameters of a new or a changed application; what is left out stays as it is."""

    friendly_name: str | None = parameter("A name for people.", default=None, check=checks.label)
    api_version: str | None = parameter("2010-04-01 or 2012-04-24.", default=None, check=checks.version)
    kind: Kind | None = parameter("voice, sms or ussd.", default=None)
    rcml_url: str | None = parameter(
        "The same as VoiceUrl.", default=None, invalid=Code.INVALID_URL, check=checks.web_url
    )
    document: str | None = parameter(
        "A document that runs instead of what a URL would give.", default=None, name="Rcml"
    )
    voice_caller_id_lookup: bool | None = parameter("Kept for clients that set it.", default=None)
    status_callback: str | None = parameter(
        "URL that hears how calls end.", default=None, invalid=Code.BAD_STATUS_CALLBACK, check=checks.web_url
    )
    status_callback_method: str | None = parameter(
        "GET or POST.", default=None, invalid=Code.INVALID_METHOD, check=checks.http_method
    )
    sms_url: str | None = parameter("URL for messages.", default=None, invalid=Code.INVALID_URL, check=checks.web_url)
    sms_method: str | None = parameter(
        "GET or POST.", default=None, invalid=Code.INVALID_METHOD, check=checks.http_method
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListApplications:
    """Filters of the list."""

    friendly_name: str | None = parameter("Exact name; % stands for any text.", default=None)


@router.post(
    _LIST,
    **operation(
        Operation(
            name="create_application",
            summary="Create an application",
            names=NAMES,
            body=Application,
            created=True,
            takes=WriteApplication,
        )
    ),
)
async def create_application(access: Authorized, form: Annotated[WriteApplication, body(WriteApplication)]) -> Response:
    """Durable once answered."""
    now = access.ports.clock.utc()
    values = {"api_version": access.rendering.dialect.value, **_values(access, form)}
    values["friendly_name"] = values.get("friendly_name") or "Application"
    row = ApplicationRow(
        sid=access.ports.sids("application"),
        account_sid=access.account.sid,
        date_created=now,
        date_updated=now,
        **values,
    )
    async with access.ports.database.writing() as session:
        session.add(row)
    access.ports.directory_changed()
    return access.one(NAMES, _body(row), created=True)


@router.get(
    _LIST,
    **operation(
        Operation(
            name="list_applications",
            summary="List applications",
            names=NAMES,
            body=Application,
            many=True,
            asks=ListApplications,
        )
    ),
)
async def list_applications(
    access: Authorized, filters: Annotated[ListApplications, query(ListApplications)]
) -> Response:
    """Newest first."""
    async with access.ports.database.reading() as session:
        wanted = ApplicationFilters(friendly_name=filters.friendly_name)
        page = await applications.page(session, access.scope, wanted, access.wanted_page())
    return access.many(NAMES, page, [_body(row) for row in page.rows])


@router.get(
    _ONE,
    **operation(Operation(name="fetch_application", summary="Fetch an application", names=NAMES, body=Application)),
)
async def fetch_application(access: Authorized, sid: str) -> Response:
    """One application of the account."""
    async with access.ports.database.reading() as session:
        row = await _found(access, session, sid)
    return access.one(NAMES, _body(row))


@router.put(_ONE, include_in_schema=False)
@router.post(
    _ONE,
    **operation(
        Operation(
            name="update_application",
            summary="Change an application",
            names=NAMES,
            body=Application,
            takes=WriteApplication,
        )
    ),
)
async def update_application(
    access: Authorized, sid: str, form: Annotated[WriteApplication, body(WriteApplication)]
) -> Response:
    """Calls in progress keep what they run."""
    values = _values(access, form)
    if values.get("friendly_name", "") is None:
        del values["friendly_name"]
    async with access.ports.database.writing() as session:
        row = await _found(access, session, sid)
        for name, value in values.items():
            setattr(row, name, value)
        row.date_updated = access.ports.clock.utc()
    access.ports.directory_changed()
    return access.one(NAMES, _body(row))


@router.delete(_ONE, **operation(Operation(name="delete_application", summary="Delete an application")))
async def delete_application(access: Authorized, sid: str) -> Response:
    """Numbers and clients that pointed to it fall back to their own URL."""
    async with access.ports.database.writing() as session:
        await session.delete(await _found(access, session, sid))
    access.ports.directory_changed()
    return gone()


async def _found(access: Access, session: Session, sid: str) -> ApplicationRow:
    row = await applications.get(session, access.scope, sid)
    if row is None:
        raise NotFound(f"{access.base()}/Applications/{sid}")
    return row


def _values(access: Access, form: WriteApplication) -> dict[str, Any]:
    limit = access.ports.settings.document_limit
    if form.document and len(form.document) > limit:
        raise BadParameter(Code.INVALID_PARAMETER, f"Parameter Rcml has more than {limit} characters")
    values = given(form, without=frozenset({"rcml_url"}))
    if form.rcml_url is not None and form.voice_url is None:
        values["voice_url"] = form.rcml_url or None
    return values


def _body(row: ApplicationRow) -> Application:
    return Application(
        sid=row.sid,
        account_sid=row.account_sid,
        api_version=row.api_version,
        friendly_name=row.friendly_name,
        date_created=row.date_created,
        date_updated=row.date_updated,
        kind=row.kind,
        rcml_url=row.voice_url,
        rcml=row.document,
        voice_url=row.voice_url,
        voice_method=row.voice_method,
        voice_fallback_url=row.voice_fallback_url,
        voice_fallback_method=row.voice_fallback_method,
        voice_caller_id_lookup=row.voice_caller_id_lookup,
        status_callback=row.status_callback,
        status_callback_method=row.status_callback_method,
        sms_url=row.sms_url,
        sms_method=row.sms_method,
        sms_fallback_url=row.sms_fallback_url,
        sms_fallback_method=row.sms_fallback_method,
        sms_status_callback=row.sms_status_callback,
        message_status_callback=row.sms_status_callback,
        public_application_connect_enabled=False,
        uri=f"/Accounts/{row.account_sid}/Applications/{row.sid}",
    )
