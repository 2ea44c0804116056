"""Trunks of an account: how calls are handed to a carrier or another telephone system, and how its calls are known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter
from starlette.responses import Response

from offhook.api.auth import Access, Authorized
from offhook.api.errors import ApiError, Code
from offhook.api.operations import Operation, body, operation, query
from offhook.api.trunk_forms import CreateTrunk, UpdateTrunk, check, fill, found
from offhook.api.wire.bodies import Link, Links, Names
from offhook.api.wire.forms import parameter
from offhook.api.wire.responses import gone
from offhook.calls.trunks.trunk import TrunkKey
from offhook.store import trunks
from offhook.store.session import Session
from offhook.store.trunks import TrunkFilters, TrunkRow

router = APIRouter()
NAMES: Final = Names(element="Trunk", many="Trunks", key="trunks")
_LIST: Final = "/Accounts/{account_sid}/Trunks"
_ONE: Final = "/Accounts/{account_sid}/Trunks/{sid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """One trunk. Passwords are never shown."""

    sid: str
    account_sid: str
    friendly_name: str
    enabled: bool
    priority: int
    username: str
    register: bool
    register_expires: int
    registration: str
    """``trying``, ``registered`` or ``failed``, on the node that answers; empty where we do not register."""
    registration_reason: str
    from_user: str
    from_domain: str
    caller_header: str
    contact_user: str
    outbound_called: str
    outbound_caller: str
    inbound_called: str
    inbound_caller: str
    codecs: str
    srtp: str
    max_calls: int
    calls_per_second: float
    response_timeout: float
    progress_timeout: float
    options_interval: float
    options_timeout: float
    down_after: int
    up_after: int
    retry_interval: float
    networks: str
    certificates: str
    inbound_username: str | None
    calls: int
    """Channels in use now, on the node that answers."""
    date_created: datetime
    date_updated: datetime
    uri: Link
    subresource_uris: Links


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTrunks:
    """Filters of the list."""

    friendly_name: str | None = parameter("Exact name; % stands for any text.", default=None)


@router.post(
    _LIST,
    **operation(
        Operation(
            name="create_trunk",
            summary="Create a trunk",
            names=NAMES,
            body=Trunk,
            created=True,
            takes=CreateTrunk,
            refusals=(Code.CONFLICT,),
        )
    ),
)
async def create_trunk(access: Authorized, form: Annotated[CreateTrunk, body(CreateTrunk)]) -> Response:
    """It is used from the next call on; give it gateways as its OriginationUrls."""
    now = access.ports.clock.utc()
    row = TrunkRow(
        sid=access.ports.sids("trunk"),
        account_sid=access.account.sid,
        friendly_name=form.friendly_name,
        date_created=now,
        date_updated=now,
    )
    async with access.ports.database.writing() as session:
        await _fill(access, session, row, form)
        session.add(row)
    access.ports.directory_changed()
    return access.one(NAMES, _body(access, row), created=True)


@router.get(
    _LIST,
    **operation(
        Operation(name="list_trunks", summary="List trunks", names=NAMES, body=Trunk, many=True, asks=ListTrunks)
    ),
)
async def list_trunks(access: Authorized, filters: Annotated[ListTrunks, query(ListTrunks)]) -> Response:
    """Newest first."""
    async with access.ports.database.reading() as session:
        wanted = TrunkFilters(friendly_name=filters.friendly_name)
        page = await trunks.page(session, access.scope, wanted, access.wanted_page())
    return access.many(NAMES, page, [_body(access, row) for row in page.rows])


@router.get(_ONE, **operation(Operation(name="fetch_trunk", summary="Fetch a trunk", names=NAMES, body=Trunk)))
async def fetch_trunk(access: Authorized, sid: str) -> Response:
    """One trunk of the account."""
    async with access.ports.database.reading() as session:
        row = await found(access, session, sid)
    return access.one(NAMES, _body(access, row))


@router.put(_ONE, include_in_schema=False)
@router.post(
    _ONE,
    **operation(
        Operation(
            name="update_trunk",
            summary="Change a trunk",
            names=NAMES,
            body=Trunk,
            takes=UpdateTrunk,
            refusals=(Code.CONFLICT,),
        )
    ),
)
async def update_trunk(access: Authorized, sid: str, form: Annotated[UpdateTrunk, body(UpdateTrunk)]) -> Response:
    """It counts from the next call on; calls in progress stay as they are."""
    async with access.ports.database.writing() as session:
        row = await found(access, session, sid)
        await _fill(access, session, row, form)
        row.date_updated = access.ports.clock.utc()
    access.ports.directory_changed()
    return access.one(NAMES, _body(access, row))


@router.delete(_ONE, **operation(Operation(name="delete_trunk", summary="Delete a trunk")))
async def delete_trunk(access: Authorized, sid: str) -> Response:
    """Its gateways go with it; calls in progress go on."""
    async with access.ports.database.writing() as session:
        await session.delete(await found(access, session, sid))
    access.ports.directory_changed()
    return gone()


async def _fill(access: Access, session: Session, row: TrunkRow, form: UpdateTrunk) -> None:
    """Raises ``ApiError`` when the whole cannot be used, or when another trunk has one of its names."""
    with session.no_autoflush:
        await fill(access, session, row, form)
        check(row)
        same = await trunks.named(session, access.scope, row.friendly_name)
        if same is not None and same.sid != row.sid:
            raise ApiError(
                409, Code.CONFLICT, f"The account has a trunk {row.friendly_name} already; choose another name"
            )
        if row.inbound_username is None:
            return
        other = await trunks.by_inbound_username(session, row.inbound_username)
        if other is not None and other.sid != row.sid:
            raise ApiError(409, Code.CONFLICT, f"The InboundUsername {row.inbound_username} is taken; choose another")


def _body(access: Access, row: TrunkRow) -> Trunk:
    path = f"/Accounts/{row.account_sid}/Trunks/{row.sid}"
    standing = access.ports.trunks.standings.get(TrunkKey(row.sid))
    return Trunk(
        sid=row.sid,
        account_sid=row.account_sid,
        friendly_name=row.friendly_name,
        enabled=row.enabled,
        priority=row.priority,
        username=row.username,
        register=row.register,
        register_expires=row.register_expires,
        registration="" if standing is None else standing.state.value,
        registration_reason="" if standing is None else standing.reason,
        from_user=row.from_user,
        from_domain=row.from_domain,
        caller_header=row.caller_header,
        contact_user=row.contact_user,
        outbound_called=row.outbound_called,
        outbound_caller=row.outbound_caller,
        inbound_called=row.inbound_called,
        inbound_caller=row.inbound_caller,
        codecs=row.codecs,
        srtp=row.srtp,
        max_calls=row.max_calls,
        calls_per_second=row.calls_per_second,
        response_timeout=row.response_timeout,
        progress_timeout=row.progress_timeout,
        options_interval=row.options_interval,
        options_timeout=row.options_timeout,
        down_after=row.down_after,
        up_after=row.up_after,
        retry_interval=row.retry_interval,
        networks=row.networks,
        certificates=row.certificates,
        inbound_username=row.inbound_username,
        calls=access.ports.trunks.in_use(TrunkKey(row.sid)),
        date_created=row.date_created,
        date_updated=row.date_updated,
        uri=path,
        subresource_uris={"origination_urls": f"{path}/OriginationUrls"},
    )
