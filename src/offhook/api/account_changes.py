"""What may be done to accounts: making them, and changing their status, which counts for everybody below too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import structlog

from offhook.api import checks
from offhook.api.auth import Access
from offhook.api.errors import ApiError, BadParameter, Code
from offhook.api.wire.forms import parameter
from offhook.calls.control import CallRefused
from offhook.store import accounts, clients, closing, organizations
from offhook.store.accounts import AccountRow
from offhook.store.clients import ClientRow
from offhook.store.organizations import OrganizationRow
from offhook.store.session import Session
from offhook.vocabulary.sids import AccountSid, is_sid

log = structlog.get_logger(__name__)

MOST_LEVELS: Final = 3
"""Accounts above one another, as in Restcomm: the administrator's, those below it, and theirs."""


class Status(StrEnum):
    """What an account may do."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    INACTIVE = "inactive"
    UNINITIALIZED = "uninitialized"
    CLOSED = "closed"


class Role(StrEnum):
    """What those who log in as the account may do."""

    ADMINISTRATOR = "Administrator"
    DEVELOPER = "Developer"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateAccount:
    """Parameters of a changed account; what is left out stays as it is."""

    friendly_name: str | None = parameter("A name for people.", default=None, check=checks.label)
    password: str | None = parameter(
        "A password for logging in beside the auth token, 8 to 128 characters.",
        default=None,
        check=checks.password,
        secret=True,
    )
    status: Status | None = parameter(
        "What the account and all below it may do; only accounts above can set it. closed is for good: numbers, clients, "
        "applications, recordings and notifications go.",
        default=None,
    )
    role: Role | None = parameter("Administrator or Developer; only administrators can set it.", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAccount(UpdateAccount):
    """Parameters of a new account."""

    email_address: str | None = parameter(
        "For logging in instead of the sid; the 2012-04-24 dialect requires it, and makes a client of that name.",
        default=None,
        check=checks.email,
    )
    organization_sid: str | None = parameter(
        "Its organization; only the administrator of the server can choose another than his own.", default=None
    )


async def below(access: Access, session: Session, form: CreateAccount) -> OrganizationRow:
    """The organization of a new account below the caller. Raises ``ApiError`` where there may be none."""
    levels = len(await accounts.lineage(session, AccountSid(access.caller.sid)))
    if levels >= MOST_LEVELS:
        said = f"This account is not allowed to have sub-accounts: it stands on level {levels} of {MOST_LEVELS}."
        raise BadParameter(Code.INVALID_PARAMETER, said)
    wanted = form.organization_sid or access.caller.organization_sid
    if wanted != access.caller.organization_sid and not access.operates:
        raise ApiError(403, Code.ACCESS_DENIED, "Only the administrator of the server chooses the organization.")
    found = await organizations.get(session, wanted) if is_sid(wanted, "organization") else None
    if found is None or found.status != "active":
        raise BadParameter(Code.INVALID_PARAMETER, f"There is no active organization {wanted[:40]}")
    return found


def role(access: Access, wanted: Role | None) -> str:
    """The role to be set: who is no administrator can give no other than his own. Raises ``ApiError``."""
    own = access.caller.role
    if wanted is None or wanted.value == own:
        return own
    if own != Role.ADMINISTRATOR:
        raise ApiError(403, Code.ACCESS_DENIED, "Only administrators give accounts another role than their own.")
    return wanted.value


async def client_of(
    access: Access, session: Session, account: AccountRow, domain: str, password: str
) -> ClientRow | None:
    """The client of a new account: the local part of its address, with the same password; None where that login is taken."""
    assert account.email_address is not None
    login = account.email_address.partition("@")[0]
    if await clients.by_login(session, account.organization_sid, login) is not None:
        return None
    return ClientRow(
        sid=access.ports.sids("client"),
        organization_sid=account.organization_sid,
        account_sid=account.sid,
        login=login,
        friendly_name=account.friendly_name,
        **clients.password_columns(login, domain, password),
        date_created=account.date_created,
        date_updated=account.date_created,
    )


def check_status(access: Access, status: Status | None) -> None:
    """Whether the caller may set ``status`` of the account in the path. Raises ``ApiError``."""
    if access.account.status == Status.CLOSED:
        raise BadParameter(Code.INVALID_PARAMETER, "Account is closed, for good.")
    if status is None or status.value == access.account.status:
        return
    if access.caller.sid == access.account.sid:
        raise ApiError(403, Code.ACCESS_DENIED, "The status of an account is set by an account above it.")
    if access.caller.role != Role.ADMINISTRATOR:
        raise ApiError(403, Code.ACCESS_DENIED, "Only administrators set the status of accounts.")


async def set_status(access: Access, session: Session, status: Status) -> tuple[Sequence[str], Sequence[str]]:
    """Give the account in the path and all below it a status; what is closed stays closed, and loses what it has.

    The sids of the accounts, and of recordings whose files are to go.
    """
    rows = [row for row in await accounts.tree(session, access.scope) if row.status != Status.CLOSED]
    for row in rows:
        row.status, row.date_updated = status.value, access.ports.clock.utc()
    recordings = await closing.empty(session, rows) if status is Status.CLOSED else []
    return [row.sid for row in rows], recordings


async def clear_away(access: Access, sids: Sequence[str], recordings: Sequence[str]) -> None:
    """End the calls of accounts that were closed, and remove the files of their recordings."""
    for sid in sids:
        for call in access.ports.calls.live_calls(AccountSid(sid)):
            try:
                await access.ports.calls.hangup(call.sid)
            except CallRefused:  # it has ended meanwhile
                continue
    for recording in recordings:
        await access.ports.recordings.delete(recording)
    log.info("accounts_closed", accounts=len(sids), recordings=len(recordings))
