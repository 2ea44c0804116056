"""Accounts: who owns what. Those below an account are made and changed by it; none is ever deleted, but closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter
from starlette.responses import Response

from offhook.api.account_changes import (
    CreateAccount,
    Status,
    UpdateAccount,
    below,
    check_status,
    clear_away,
    client_of,
    role,
    set_status,
)
from offhook.api.auth import Access, Authorized
from offhook.api.dialect import Dialect
from offhook.api.errors import ApiError, BadParameter, Code
from offhook.api.operations import Operation, body, operation, query
from offhook.api.wire.bodies import Link, Links, Mark, Names
from offhook.api.wire.forms import parameter
from offhook.security.tokens import new_auth_token
from offhook.store import accounts
from offhook.store.accounts import AccountFilters, AccountRow
from offhook.store.scope import Scope

router = APIRouter()
NAMES: Final = Names(element="Account", many="Accounts", key="accounts", bare=True)
_UNCHANGED: Final = "does not change accounts"
_SUBRESOURCES: Final = {
    "applications": "Applications",
    "calls": "Calls",
    "clients": "Clients",
    "incoming_phone_numbers": "IncomingPhoneNumbers",
    "notifications": "Notifications",
    "recordings": "Recordings",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account."""

    sid: str
    organization: Annotated[str, Mark.ONLY_RESTCOMM]
    owner_account_sid: Annotated[str, Mark.ONLY_TWILIO]
    friendly_name: str
    email_address: Annotated[str | None, Mark.ONLY_RESTCOMM]
    type: str
    status: str
    role: Annotated[str, Mark.ONLY_RESTCOMM]
    auth_token: str
    date_created: datetime
    date_updated: datetime
    uri: Link
    subresource_uris: Links


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAccounts:
    """Filters of the list."""

    friendly_name: str | None = parameter("Exact name; % stands for any text.", default=None)
    status: str | None = parameter("active, suspended, inactive, uninitialized or closed.", default=None)
    organization_sid: str | None = parameter("Accounts of this organization only.", default=None)


@router.get(
    "/Accounts",
    **operation(
        Operation(
            name="list_accounts",
            summary="List the accounts that the credentials give access to",
            names=NAMES,
            body=Account,
            many=True,
            asks=ListAccounts,
        )
    ),
)
async def list_accounts(access: Authorized, filters: Annotated[ListAccounts, query(ListAccounts)]) -> Response:
    """The caller's account and all below it, newest first."""
    async with access.ports.database.reading() as session:
        page = await accounts.page(
            session,
            Scope(account_sid=access.account_sid, subaccounts=True),
            AccountFilters(
                friendly_name=filters.friendly_name,
                status=filters.status,
                organization_sid=filters.organization_sid,
            ),
            access.wanted_page(),
        )
    return access.many(NAMES, page, [_body(access, row) for row in page.rows])


@router.post(
    "/Accounts",
    **operation(
        Operation(
            name="create_account",
            summary="Create an account below the caller's",
            names=NAMES,
            body=Account,
            created=True,
            takes=CreateAccount,
            refusals=(Code.CONFLICT, Code.ACCESS_DENIED),
        )
    ),
)
async def create_account(access: Authorized, form: Annotated[CreateAccount, body(CreateAccount)]) -> Response:
    """It has a random auth token. Closing it is the only way to be rid of it."""
    access.require_unlimited(_UNCHANGED)
    if access.rendering.dialect is Dialect.RESTCOMM and not (form.email_address and form.password):
        raise BadParameter(Code.INVALID_PARAMETER, "Parameters EmailAddress and Password are required.")
    if form.status is Status.CLOSED:
        raise BadParameter(Code.INVALID_PARAMETER, "An account cannot be made closed.")
    ports, now = access.ports, access.ports.clock.utc()
    password = None if not form.password else await ports.passwords.hash(form.password)
    async with ports.database.writing() as session:
        organization = await below(access, session, form)
        if form.email_address and await accounts.credentials(session, form.email_address) is not None:
            raise ApiError(409, Code.CONFLICT, f"There is an account of {form.email_address}; choose another address")
        sid = ports.sids("account")
        row = AccountRow(
            sid=sid,
            organization_sid=organization.sid,
            parent_account_sid=access.caller.sid,
            friendly_name=form.friendly_name or form.email_address or f"SubAccount created at {now:%Y-%m-%d %H:%M}",
            email_address=form.email_address or None,
            status=(form.status or Status.ACTIVE).value,
            role=role(access, form.role),
            auth_token=ports.keyring.seal(new_auth_token(), sid),
            password_hash=password,
            date_created=now,
            date_updated=now,
        )
        session.add(row)
        await session.flush()
        if access.rendering.dialect is Dialect.RESTCOMM and form.password:
            client = await client_of(access, session, row, organization.domain_name, form.password)
            session.add_all([client] if client is not None else [])
    ports.directory_changed()
    return access.one(NAMES, _body(access, row), created=True)


@router.get(
    "/Accounts/{account_sid}",
    **operation(Operation(name="fetch_account", summary="Fetch an account", names=NAMES, body=Account)),
)
async def fetch_account(access: Authorized) -> Response:
    """The account in the path."""
    return access.one(NAMES, _body(access, access.account))


@router.put("/Accounts/{account_sid}", include_in_schema=False)
@router.post(
    "/Accounts/{account_sid}",
    **operation(
        Operation(
            name="update_account",
            summary="Change an account",
            names=NAMES,
            body=Account,
            takes=UpdateAccount,
            refusals=(Code.ACCESS_DENIED,),
        )
    ),
)
async def update_account(access: Authorized, form: Annotated[UpdateAccount, body(UpdateAccount)]) -> Response:
    """A status counts for all accounts below, too; closing ends their calls."""
    access.require_unlimited(_UNCHANGED)
    check_status(access, form.status)
    if form.role is not None and form.role.value != access.account.role:
        role(access, form.role)
        if access.caller.sid == access.account.sid:
            raise ApiError(403, Code.ACCESS_DENIED, "The role of an account is set by an account above it.")
    password = await access.ports.passwords.hash(form.password) if form.password else None
    closed: tuple[Sequence[str], Sequence[str]] = ((), ())
    async with access.ports.database.writing() as session:
        row = await accounts.get(session, Scope(account_sid=access.account_sid), access.account_sid)
        assert row is not None, "accounts are never deleted"
        if form.status is not None and form.status.value != row.status:
            told = await set_status(access, session, form.status)
            closed = told if form.status is Status.CLOSED else closed
        if password is not None:
            row.password_hash = password
            row.status = Status.ACTIVE.value if row.status == Status.UNINITIALIZED else row.status
        if form.friendly_name is not None:
            row.friendly_name = form.friendly_name or row.email_address or row.sid
        row.role = row.role if form.role is None else form.role.value
        row.date_updated = access.ports.clock.utc()
    access.ports.directory_changed()
    if closed[0]:
        await clear_away(access, *closed)
    return access.one(NAMES, _body(access, row))


def _body(access: Access, row: AccountRow) -> Account:
    path = f"/Accounts/{row.sid}"
    return Account(
        sid=row.sid,
        organization=row.organization_sid,
        owner_account_sid=row.parent_account_sid or row.sid,
        friendly_name=row.friendly_name,
        email_address=row.email_address,
        type=row.type,
        status=row.status,
        role=row.role,
        # Whoever may act for an account may know its token: with it webhooks are signed. A key that can be taken away must
        # not lead to what cannot.
        auth_token="" if access.limited else access.ports.keyring.open(row.auth_token, row.sid).reveal(),
        date_created=row.date_created,
        date_updated=row.date_updated,
        uri=path,
        subresource_uris={key: f"{path}/{name}" for key, name in _SUBRESOURCES.items()},
    )
