"""API keys. The secret is shown once, in the answer that makes the key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter
from starlette.responses import Response

from offhook.api import checks
from offhook.api.auth import Access, Authorized
from offhook.api.errors import Code, NotFound
from offhook.api.operations import Operation, body, operation, query
from offhook.api.wire.bodies import Names
from offhook.api.wire.forms import parameter
from offhook.api.wire.responses import gone
from offhook.security.tokens import new_api_key_secret
from offhook.store import keys
from offhook.store.keys import KeyRow
from offhook.store.session import Session

router = APIRouter()
NAMES: Final = Names(element="Key", many="Keys", key="keys")
_LIST: Final = "/Accounts/{account_sid}/Keys"
_ONE: Final = "/Accounts/{account_sid}/Keys/{sid}"


class Kind(StrEnum):
    """What who logs in with the key may do."""

    MAIN = "main"
    STANDARD = "standard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key."""

    sid: str
    friendly_name: str
    date_created: datetime
    date_updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey(Key):
    """A key that was just made."""

    secret: str
    """Never shown again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateKey:
    """Parameters of a changed key."""

    friendly_name: str | None = parameter("A name for people.", default=None, check=checks.label)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateKey(UpdateKey):
    """Parameters of a new key."""

    key_type: Kind = parameter(
        "main: may do what the account may; standard: all but accounts and keys.", default=Kind.STANDARD
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListKeys:
    """The list has no filters."""


@router.post(
    _LIST,
    **operation(
        Operation(
            name="create_key",
            summary="Create an API key",
            names=NAMES,
            body=NewKey,
            created=True,
            takes=CreateKey,
            refusals=(Code.ACCESS_DENIED,),
        )
    ),
)
async def create_key(access: Authorized, form: Annotated[CreateKey, body(CreateKey)]) -> Response:
    """Log in with its sid as the user and the secret as the password."""
    _check(access)
    now, sid, secret = access.ports.clock.utc(), access.ports.sids("key"), new_api_key_secret()
    row = KeyRow(
        sid=sid,
        account_sid=access.account_sid,
        friendly_name=form.friendly_name or "",
        kind=form.key_type.value,
        secret=access.ports.keyring.seal(secret, sid),
        date_created=now,
        date_updated=now,
    )
    async with access.ports.database.writing() as session:
        session.add(row)
    made = NewKey(sid=sid, friendly_name=row.friendly_name, date_created=now, date_updated=now, secret=secret.reveal())
    return access.one(NAMES, made, created=True)


@router.get(
    _LIST,
    **operation(Operation(name="list_keys", summary="List API keys", names=NAMES, body=Key, many=True, asks=ListKeys)),
)
async def list_keys(access: Authorized, filters: Annotated[ListKeys, query(ListKeys)]) -> Response:
    """Newest first, without their secrets."""
    _check(access)
    async with access.ports.database.reading() as session:
        page = await keys.page(session, access.scope, access.wanted_page())
    return access.many(NAMES, page, [_body(row) for row in page.rows])


@router.get(_ONE, **operation(Operation(name="fetch_key", summary="Fetch an API key", names=NAMES, body=Key)))
async def fetch_key(access: Authorized, sid: str) -> Response:
    """One key of the account, without its secret."""
    _check(access)
    async with access.ports.database.reading() as session:
        return access.one(NAMES, _body(await _found(access, session, sid)))


@router.post(
    _ONE,
    **operation(Operation(name="update_key", summary="Rename an API key", names=NAMES, body=Key, takes=UpdateKey)),
)
async def update_key(access: Authorized, sid: str, form: Annotated[UpdateKey, body(UpdateKey)]) -> Response:
    """Only its name can be changed."""
    _check(access)
    async with access.ports.database.writing() as session:
        row = await _found(access, session, sid)
        if form.friendly_name is not None:
            row.friendly_name = form.friendly_name
        row.date_updated = access.ports.clock.utc()
    return access.one(NAMES, _body(row))


@router.delete(_ONE, **operation(Operation(name="delete_key", summary="Delete an API key")))
async def delete_key(access: Authorized, sid: str) -> Response:
    """Nobody logs in with it any more, and no token signed with it is believed."""
    _check(access)
    async with access.ports.database.writing() as session:
        await session.delete(await _found(access, session, sid))
    return gone()


def _check(access: Access) -> None:
    """Whoever may not have more than a standard key allows makes himself no other one."""
    access.require_unlimited("gives no access to keys")


async def _found(access: Access, session: Session, sid: str) -> KeyRow:
    row = await keys.get(session, access.scope, sid)
    if row is None:
        raise NotFound(f"{access.base()}/Keys/{sid}")
    return row


def _body(row: KeyRow) -> Key:
    return Key(
        sid=row.sid, friendly_name=row.friendly_name, date_created=row.date_created, date_updated=row.date_updated
    )
