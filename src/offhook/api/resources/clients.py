"""Clients: SIP users, who register with a login and a password. The password is kept as digest hashes only and never shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from offhook.api import checks
from offhook.api.auth import Access, Authorized
from offhook.api.dialect import Dialect
from offhook.api.errors import ApiError, Code, NotFound
from offhook.api.operations import Operation, body, operation, query
from offhook.api.voice import VoiceForm, application, given
from offhook.api.wire.bodies import Link, Names
from offhook.api.wire.forms import parameter
from offhook.api.wire.responses import gone
from offhook.store import clients, organizations
from offhook.store.clients import ClientFilters, ClientRow
from offhook.store.session import Session

router = APIRouter()
NAMES: Final = Names(element="Client", many="Clients", key="clients", bare=True)
_LIST: Final = "/Accounts/{account_sid}/Clients"
_ONE: Final = "/Accounts/{account_sid}/Clients/{sid}"
_NOT_COLUMNS: Final = frozenset({"login", "password", "status"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One client."""

    sid: str
    account_sid: str
    api_version: str
    friendly_name: str
    login: str
    status: int
    date_created: datetime
    date_updated: datetime
    voice_url: str | None
    voice_method: str
    voice_fallback_url: str | None
    voice_fallback_method: str
    voice_application_sid: str | None
    uri: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateClient(VoiceForm):
    """Parameters of a changed client; what is left out stays as it is."""

    password: str | None = parameter(
        "The password, 8 to 128 characters.", default=None, check=checks.password, secret=True
    )
    friendly_name: str | None = parameter("A name for people.", default=None, check=checks.label)
    status: bool | None = parameter("1: may register and call; 0: may not.", default=None)
    voice_application_sid: str | None = parameter(
        "Application that runs on every call of the client; without one and without VoiceUrl the number called decides.",
        default=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateClient(UpdateClient):
    """Parameters of a new client."""

    login: str = parameter("The user name, without ? = @ : ;", check=checks.login)
    password: str = parameter("The password, 8 to 128 characters.", check=checks.password, secret=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListClients:
    """Filters of the list."""

    login: str | None = parameter("Exact login; % stands for any text.", default=None)


@router.post(
    _LIST,
    **operation(
        Operation(
            name="create_client",
            summary="Create a client",
            names=NAMES,
            body=Client,
            created=True,
            takes=CreateClient,
            refusals=(Code.CONFLICT, Code.BAD_APPLICATION),
        )
    ),
)
async def create_client(access: Authorized, form: Annotated[CreateClient, body(CreateClient)]) -> Response:
    """Durable once answered. The 2012-04-24 dialect answers with the existing client when the account has the login."""
    now = access.ports.clock.utc()
    values = given(form, without=_NOT_COLUMNS)
    values["friendly_name"] = values.get("friendly_name") or form.login
    async with access.ports.database.writing() as session:
        await application(access, session, form.voice_application_sid)
        taken = await clients.by_login(session, access.account.organization_sid, form.login)
        if taken is None:
            row = ClientRow(
                sid=access.ports.sids("client"),
                organization_sid=access.account.organization_sid,
                account_sid=access.account.sid,
                login=form.login,
                active=form.status is not False,
                api_version=access.rendering.dialect.value,
                date_created=now,
                date_updated=now,
                **await _hashes(session, access.account.organization_sid, form.login, form.password),
                **values,
            )
            session.add(row)
        elif taken[0].account_sid == access.account.sid and access.rendering.dialect is Dialect.RESTCOMM:
            row = taken[0]
        else:
            raise ApiError(409, Code.CONFLICT, f"The login {form.login} is taken; choose another")
    access.ports.directory_changed()
    return access.one(NAMES, _body(row), created=taken is None)


@router.get(
    _LIST,
    **operation(
        Operation(name="list_clients", summary="List clients", names=NAMES, body=Client, many=True, asks=ListClients)
    ),
)
async def list_clients(access: Authorized, filters: Annotated[ListClients, query(ListClients)]) -> Response:
    """Newest first."""
    async with access.ports.database.reading() as session:
        wanted = ClientFilters(login=filters.login)
        page = await clients.page(session, access.scope, wanted, access.wanted_page())
    return access.many(NAMES, page, [_body(row) for row in page.rows])


@router.get(_ONE, **operation(Operation(name="fetch_client", summary="Fetch a client", names=NAMES, body=Client)))
async def fetch_client(access: Authorized, sid: str) -> Response:
    """One client of the account."""
    async with access.ports.database.reading() as session:
        row = await _found(access, session, sid)
    return access.one(NAMES, _body(row))


@router.put(_ONE, include_in_schema=False)
@router.post(
    _ONE,
    **operation(
        Operation(
            name="update_client",
            summary="Change a client",
            names=NAMES,
            body=Client,
            takes=UpdateClient,
            refusals=(Code.BAD_APPLICATION,),
        )
    ),
)
async def update_client(access: Authorized, sid: str, form: Annotated[UpdateClient, body(UpdateClient)]) -> Response:
    """A new password counts from the next registration on."""
    async with access.ports.database.writing() as session:
        row = await _found(access, session, sid)
        await application(access, session, form.voice_application_sid)
        values = given(form, without=_NOT_COLUMNS)
        if form.password:
            values |= await _hashes(session, row.organization_sid, row.login, form.password)
        if form.status is not None:
            values["active"] = form.status
        for name, value in values.items():
            setattr(row, name, value)
        row.friendly_name = row.friendly_name or row.login
        row.date_updated = access.ports.clock.utc()
    access.ports.directory_changed()
    return access.one(NAMES, _body(row))


@router.delete(_ONE, **operation(Operation(name="delete_client", summary="Delete a client")))
async def delete_client(access: Authorized, sid: str) -> Response:
    """It can no longer register; calls in progress go on."""
    async with access.ports.database.writing() as session:
        await session.delete(await _found(access, session, sid))
    access.ports.directory_changed()
    return gone()


async def _hashes(session: Session, organization_sid: str, login: str, password: str) -> dict[str, Any]:
    organization = await organizations.get(session, organization_sid)
    assert organization is not None, "an account's organization exists"
    return clients.password_columns(login, organization.domain_name, password)


async def _found(access: Access, session: Session, sid: str) -> ClientRow:
    row = await clients.get(session, access.scope, sid)
    if row is None:
        raise NotFound(f"{access.base()}/Clients/{sid}")
    return row


def _body(row: ClientRow) -> Client:
    return Client(
        sid=row.sid,
        account_sid=row.account_sid,
        api_version=row.api_version,
        friendly_name=row.friendly_name,
        login=row.login,
        status=int(row.active),
        date_created=row.date_created,
        date_updated=row.date_updated,
        voice_url=row.voice_url,
        voice_method=row.voice_method,
        voice_fallback_url=row.voice_fallback_url,
        voice_fallback_method=row.voice_fallback_method,
        voice_application_sid=row.voice_application_sid,
        uri=f"/Accounts/{row.account_sid}/Clients/{row.sid}",
    )
