"""Accounts, read only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter
from starlette.responses import Response

from offhook.api.auth import Access, Authorized
from offhook.api.operations import Operation, operation, query
from offhook.api.wire.bodies import Link, Links, Mark, Names
from offhook.api.wire.forms import parameter
from offhook.store import accounts
from offhook.store.accounts import AccountFilters, AccountRow
from offhook.store.scope import Scope

router = APIRouter()
NAMES: Final = Names(element="Account", many="Accounts", key="accounts", bare=True)
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
    status: str | None = parameter("active, suspended or closed.", default=None)


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
            AccountFilters(friendly_name=filters.friendly_name, status=filters.status),
            access.wanted_page(),
        )
    return access.many(NAMES, page, [_body(access, row) for row in page.rows])


@router.get(
    "/Accounts/{account_sid}",
    **operation(Operation(name="fetch_account", summary="Fetch an account", names=NAMES, body=Account)),
)
async def fetch_account(access: Authorized) -> Response:
    """The account in the path."""
    return access.one(NAMES, _body(access, access.account))


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
        # Whoever may act for an account may know its token: with it webhooks are signed.
        auth_token=access.ports.keyring.open(row.auth_token, row.sid).reveal(),
        date_created=row.date_created,
        date_updated=row.date_updated,
        uri=path,
        subresource_uris={key: f"{path}/{name}" for key, name in _SUBRESOURCES.items()},
    )
