"""IncomingPhoneNumbers: the numbers hosted here, and what runs when one is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter
from starlette.responses import Response

from offhook.api import checks
from offhook.api.auth import Access, Authorized
from offhook.api.dialect import Dialect
from offhook.api.errors import ApiError, Code, NotFound
from offhook.api.number_forms import check_domain, number_of
from offhook.api.operations import Operation, body, operation, query
from offhook.api.voice import VoiceForm, application, given
from offhook.api.wire.bodies import Link, Mark, Names
from offhook.api.wire.forms import parameter
from offhook.api.wire.responses import gone
from offhook.store import numbers
from offhook.store.numbers import NumberFilters, NumberRow
from offhook.store.session import Session

router = APIRouter()
NAMES: Final = Names(
    element="IncomingPhoneNumber",
    many="IncomingPhoneNumbers",
    key="incoming_phone_numbers",
    restcomm_key="incomingPhoneNumbers",
)
_LIST: Final = "/Accounts/{account_sid}/IncomingPhoneNumbers"
_ONE: Final = "/Accounts/{account_sid}/IncomingPhoneNumbers/{sid}"
_CAPABILITIES: Final = {"voice": True, "sms": False, "mms": False, "fax": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingPhoneNumber:
    """One number."""

    sid: str
    account_sid: str
    friendly_name: str
    phone_number: str
    api_version: str
    date_created: datetime
    date_updated: datetime
    capabilities: Mapping[str, bool]
    voice_url: str | None
    voice_method: str
    voice_fallback_url: str | None
    voice_fallback_method: str
    voice_application_sid: str | None
    voice_caller_id_lookup: bool
    status_callback: str | None
    status_callback_method: str
    sms_url: str | None
    sms_method: str
    sms_fallback_url: str | None
    sms_fallback_method: str
    sms_application_sid: str | None
    address_sid: Annotated[str | None, Mark.ONLY_TWILIO] = None
    address_requirements: Annotated[str, Mark.ONLY_TWILIO] = "none"
    beta: Annotated[bool, Mark.ONLY_TWILIO] = False
    identity_sid: Annotated[str | None, Mark.ONLY_TWILIO] = None
    origin: Annotated[str, Mark.ONLY_TWILIO] = "hosted"
    trunk_sid: Annotated[str | None, Mark.ONLY_TWILIO] = None
    voice_receive_mode: Annotated[str, Mark.ONLY_TWILIO] = "voice"
    emergency_status: Annotated[str, Mark.ONLY_TWILIO] = "Inactive"
    emergency_address_sid: Annotated[str | None, Mark.ONLY_TWILIO] = None
    emergency_address_status: Annotated[str, Mark.ONLY_TWILIO] = "unregistered"
    bundle_sid: Annotated[str | None, Mark.ONLY_TWILIO] = None
    status: Annotated[str, Mark.ONLY_TWILIO] = "in-use"
    type: Annotated[str | None, Mark.ONLY_TWILIO] = None
    uri: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateNumber(VoiceForm):
    """Parameters of a changed number; what is left out stays as it is."""

    friendly_name: str | None = parameter("A name for people.", default=None, check=checks.label)
    api_version: str | None = parameter(
        "Dialect of what is sent to the application: 2010-04-01 or 2012-04-24.", default=None, check=checks.version
    )
    voice_application_sid: str | None = parameter("Application that runs; wins over VoiceUrl.", default=None)
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
    sms_fallback_url: str | None = parameter(
        "URL that is asked when SmsUrl fails.", default=None, invalid=Code.INVALID_URL, check=checks.web_url
    )
    sms_fallback_method: str | None = parameter(
        "GET or POST.", default=None, invalid=Code.INVALID_METHOD, check=checks.http_method
    )
    sms_application_sid: str | None = parameter("Application for messages.", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateNumber(UpdateNumber):
    """Parameters of a new number."""

    phone_number: str | None = parameter(
        "The number, or sip:NAME@DOMAIN in the account's own domain; when isSIP is true also any name without spaces, or a "
        "regular expression (RE2) for a range of numbers.",
        default=None,
    )
    area_code: str | None = parameter("Not possible without a carrier: give PhoneNumber.", default=None)
    is_sip: bool = parameter("The number is a name that is reached by SIP only.", default=False, name="isSIP")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListNumbers:
    """Filters of the list."""

    phone_number: str | None = parameter("Exact number; * and % stand for any text.", default=None)
    friendly_name: str | None = parameter("Exact name; * and % stand for any text.", default=None)


@router.post(
    _LIST,
    **operation(
        Operation(
            name="create_incoming_phone_number",
            summary="Host a number",
            names=NAMES,
            body=IncomingPhoneNumber,
            created=True,
            takes=CreateNumber,
            refusals=(Code.INVALID_NUMBER, Code.NUMBER_TAKEN, Code.BAD_APPLICATION),
        )
    ),
)
async def create_number(access: Authorized, form: Annotated[CreateNumber, body(CreateNumber)]) -> Response:
    """Durable once answered; the next call finds it."""
    number, domain = number_of(form.phone_number or "", is_sip=form.is_sip, area_code=form.area_code)
    now = access.ports.clock.utc()
    values = {"api_version": access.rendering.dialect.value, **given(form, without=_NOT_COLUMNS)}
    values["friendly_name"] = values.get("friendly_name") or number
    row = NumberRow(
        sid=access.ports.sids("number"),
        organization_sid=access.account.organization_sid,
        account_sid=access.account.sid,
        phone_number=number,
        pure_sip=form.is_sip or bool(domain) or not number.startswith("+"),
        date_created=now,
        date_updated=now,
        **values,
    )
    async with access.ports.database.writing() as session:
        await check_domain(access, session, number, domain)
        await _check_applications(access, session, form)
        # A caller reaches a number with and without the plus, so either form takes both.
        spellings = {number, f"+{number}", number.removeprefix("+")}
        if await numbers.dialled(session, access.account.organization_sid, spellings):
            raise ApiError(_taken_status(access), Code.NUMBER_TAKEN, f"Number {number} is hosted already")
        session.add(row)
    access.ports.directory_changed()
    return access.one(NAMES, _body(row), created=True)


@router.get(
    _LIST,
    **operation(
        Operation(
            name="list_incoming_phone_numbers",
            summary="List numbers",
            names=NAMES,
            body=IncomingPhoneNumber,
            many=True,
            asks=ListNumbers,
        )
    ),
)
async def list_numbers(access: Authorized, filters: Annotated[ListNumbers, query(ListNumbers)]) -> Response:
    """Newest first."""
    async with access.ports.database.reading() as session:
        wanted = NumberFilters(phone_number=filters.phone_number, friendly_name=filters.friendly_name)
        page = await numbers.page(session, access.scope, wanted, access.wanted_page())
    return access.many(NAMES, page, [_body(row) for row in page.rows])


@router.get(
    _ONE,
    **operation(
        Operation(name="fetch_incoming_phone_number", summary="Fetch a number", names=NAMES, body=IncomingPhoneNumber)
    ),
)
async def fetch_number(access: Authorized, sid: str) -> Response:
    """One number of the account."""
    async with access.ports.database.reading() as session:
        row = await _found(access, session, sid)
    return access.one(NAMES, _body(row))


@router.put(_ONE, include_in_schema=False)
@router.post(
    _ONE,
    **operation(
        Operation(
            name="update_incoming_phone_number",
            summary="Change a number",
            names=NAMES,
            body=IncomingPhoneNumber,
            takes=UpdateNumber,
            refusals=(Code.BAD_APPLICATION,),
        )
    ),
)
async def update_number(access: Authorized, sid: str, form: Annotated[UpdateNumber, body(UpdateNumber)]) -> Response:
    """Calls in progress keep what they run."""
    async with access.ports.database.writing() as session:
        row = await _found(access, session, sid)
        await _check_applications(access, session, form)
        for name, value in given(form).items():
            setattr(row, name, value)
        row.friendly_name = row.friendly_name or row.phone_number
        row.date_updated = access.ports.clock.utc()
    access.ports.directory_changed()
    return access.one(NAMES, _body(row))


@router.delete(_ONE, **operation(Operation(name="delete_incoming_phone_number", summary="Give up a number")))
async def delete_number(access: Authorized, sid: str) -> Response:
    """The next call to it is refused."""
    async with access.ports.database.writing() as session:
        await session.delete(await _found(access, session, sid))
    access.ports.directory_changed()
    return gone()


_NOT_COLUMNS: Final = frozenset({"phone_number", "area_code", "is_sip"})


def _taken_status(access: Access) -> int:
    return 409 if access.rendering.dialect is Dialect.TWILIO else 400


async def _check_applications(access: Access, session: Session, form: UpdateNumber) -> None:
    await application(access, session, form.voice_application_sid)
    await application(access, session, form.sms_application_sid)


async def _found(access: Access, session: Session, sid: str) -> NumberRow:
    row = await numbers.get(session, access.scope, sid)
    if row is None:
        raise NotFound(f"{access.base()}/IncomingPhoneNumbers/{sid}")
    return row


def _body(row: NumberRow) -> IncomingPhoneNumber:
    return IncomingPhoneNumber(
        sid=row.sid,
        account_sid=row.account_sid,
        friendly_name=row.friendly_name,
        phone_number=row.phone_number,
        api_version=row.api_version,
        date_created=row.date_created,
        date_updated=row.date_updated,
        capabilities=_CAPABILITIES,
        voice_url=row.voice_url,
        voice_method=row.voice_method,
        voice_fallback_url=row.voice_fallback_url,
        voice_fallback_method=row.voice_fallback_method,
        voice_application_sid=row.voice_application_sid,
        voice_caller_id_lookup=row.voice_caller_id_lookup,
        status_callback=row.status_callback,
        status_callback_method=row.status_callback_method,
        sms_url=row.sms_url,
        sms_method=row.sms_method,
        sms_fallback_url=row.sms_fallback_url,
        sms_fallback_method=row.sms_fallback_method,
        sms_application_sid=row.sms_application_sid,
        uri=f"/Accounts/{row.account_sid}/IncomingPhoneNumbers/{row.sid}",
    )
