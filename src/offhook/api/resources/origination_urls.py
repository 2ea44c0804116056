"""Gateways of a trunk: where it takes calls, in which order, and how each of them is now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter
from starlette.responses import Response

from offhook.api import checks
from offhook.api.auth import Access, Authorized
from offhook.api.errors import ApiError, Code, NotFound
from offhook.api.operations import Operation, body, operation, query
from offhook.api.trunk_forms import GATEWAY, check, found
from offhook.api.wire.bodies import Link, Names
from offhook.api.wire.forms import parameter
from offhook.api.wire.responses import gone
from offhook.calls.trunks.trunk import TrunkKey
from offhook.store import trunks
from offhook.store.paging import PageRequest
from offhook.store.session import Session
from offhook.store.trunks import GatewayRow, TrunkRow

router = APIRouter()
NAMES: Final = Names(element="OriginationUrl", many="OriginationUrls", key="origination_urls")
_LIST: Final = "/Accounts/{account_sid}/Trunks/{trunk_sid}/OriginationUrls"
_ONE: Final = "/Accounts/{account_sid}/Trunks/{trunk_sid}/OriginationUrls/{sid}"
_ALL: Final = PageRequest(size=1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginationUrl:
    """One gateway."""

    sid: str
    account_sid: str
    trunk_sid: str
    friendly_name: str
    sip_url: str
    priority: int
    weight: int
    enabled: bool
    state: str
    """``unknown``, ``up``, ``down``, ``probing`` or ``resting``, on the node that answers."""
    state_reason: str
    state_since: datetime | None
    date_created: datetime
    date_updated: datetime
    uri: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOriginationUrl:
    """Parameters of a changed gateway; what is left out stays as it is."""

    sip_url: str | None = parameter(
        "Where it takes calls: sip:host:port;transport=tcp, without a user.", default=None, check=GATEWAY
    )
    friendly_name: str | None = parameter("A name for people.", default=None, check=checks.label)
    priority: int | None = parameter("0 to 65535; the lowest is tried first.", default=None)
    weight: int | None = parameter("0 to 65535: the share of calls among gateways of one priority.", default=None)
    enabled: bool | None = parameter("Whether calls go there.", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOriginationUrl(UpdateOriginationUrl):
    """Parameters of a new gateway."""

    sip_url: str = parameter("Where it takes calls: sip:host:port;transport=tcp, without a user.", check=GATEWAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOriginationUrls:
    """Filters of the list: none."""


@router.post(
    _LIST,
    **operation(
        Operation(
            name="create_origination_url",
            summary="Give a trunk a gateway",
            names=NAMES,
            body=OriginationUrl,
            created=True,
            takes=CreateOriginationUrl,
            refusals=(Code.CONFLICT,),
        )
    ),
)
async def create_origination_url(
    access: Authorized, trunk_sid: str, form: Annotated[CreateOriginationUrl, body(CreateOriginationUrl)]
) -> Response:
    """It is used from the next call on."""
    now = access.ports.clock.utc()
    async with access.ports.database.writing() as session:
        trunk = await found(access, session, trunk_sid)
        row = GatewayRow(
            sid=access.ports.sids("gateway"),
            trunk_sid=trunk.sid,
            account_sid=trunk.account_sid,
            friendly_name=form.friendly_name or form.sip_url,
            sip_url=form.sip_url,
            date_created=now,
            date_updated=now,
        )
        await _fill(access, session, trunk, row, form)
        session.add(row)
    access.ports.directory_changed()
    return access.one(NAMES, _body(access, row), created=True)


@router.get(
    _LIST,
    **operation(
        Operation(
            name="list_origination_urls",
            summary="List the gateways of a trunk",
            names=NAMES,
            body=OriginationUrl,
            many=True,
            asks=ListOriginationUrls,
        )
    ),
)
async def list_origination_urls(
    access: Authorized, trunk_sid: str, _: Annotated[ListOriginationUrls, query(ListOriginationUrls)]
) -> Response:
    """Newest first."""
    async with access.ports.database.reading() as session:
        trunk = await found(access, session, trunk_sid)
        page = await trunks.gateways(session, access.scope, trunk.sid, access.wanted_page())
    return access.many(NAMES, page, [_body(access, row) for row in page.rows])


@router.get(
    _ONE,
    **operation(Operation(name="fetch_origination_url", summary="Fetch a gateway", names=NAMES, body=OriginationUrl)),
)
async def fetch_origination_url(access: Authorized, trunk_sid: str, sid: str) -> Response:
    """One gateway, and how it is."""
    async with access.ports.database.reading() as session:
        row = await _found(access, session, trunk_sid, sid)
    return access.one(NAMES, _body(access, row))


@router.put(_ONE, include_in_schema=False)
@router.post(
    _ONE,
    **operation(
        Operation(
            name="update_origination_url",
            summary="Change a gateway",
            names=NAMES,
            body=OriginationUrl,
            takes=UpdateOriginationUrl,
            refusals=(Code.CONFLICT,),
        )
    ),
)
async def update_origination_url(
    access: Authorized, trunk_sid: str, sid: str, form: Annotated[UpdateOriginationUrl, body(UpdateOriginationUrl)]
) -> Response:
    """It counts from the next call on. Another SipUrl is another gateway: nothing is known of its health."""
    async with access.ports.database.writing() as session:
        row = await _found(access, session, trunk_sid, sid)
        trunk = await found(access, session, trunk_sid)
        await _fill(access, session, trunk, row, form)
        row.date_updated = access.ports.clock.utc()
    access.ports.directory_changed()
    return access.one(NAMES, _body(access, row))


@router.delete(_ONE, **operation(Operation(name="delete_origination_url", summary="Delete a gateway")))
async def delete_origination_url(access: Authorized, trunk_sid: str, sid: str) -> Response:
    """No call goes there any more; calls in progress go on."""
    async with access.ports.database.writing() as session:
        await session.delete(await _found(access, session, trunk_sid, sid))
    access.ports.directory_changed()
    return gone()


async def _fill(access: Access, session: Session, trunk: TrunkRow, row: GatewayRow, form: UpdateOriginationUrl) -> None:
    with session.no_autoflush:
        for name in ("sip_url", "friendly_name", "priority", "weight", "enabled"):
            value = getattr(form, name)
            if value is not None and value != "":
                setattr(row, name, value)
        page = await trunks.gateways(session, access.scope, trunk.sid, _ALL)
        others = [other for other in page.rows if other.sid != row.sid]
        if any(other.sip_url == row.sip_url for other in others):
            raise ApiError(409, Code.CONFLICT, f"The trunk has the gateway {row.sip_url} already")
        check(trunk, [*others, row])


async def _found(access: Access, session: Session, trunk_sid: str, sid: str) -> GatewayRow:
    row = await trunks.gateway(session, access.scope, trunk_sid, sid)
    if row is None:
        raise NotFound(f"{access.base()}/Trunks/{trunk_sid}/OriginationUrls/{sid}")
    return row


def _body(access: Access, row: GatewayRow) -> OriginationUrl:
    condition = access.ports.trunks.condition(TrunkKey(row.trunk_sid), row.sip_url)
    since = None if condition is None else access.ports.clock.utc() - timedelta(seconds=condition.age)
    return OriginationUrl(
        sid=row.sid,
        account_sid=row.account_sid,
        trunk_sid=row.trunk_sid,
        friendly_name=row.friendly_name,
        sip_url=row.sip_url,
        priority=row.priority,
        weight=row.weight,
        enabled=row.enabled,
        state="unknown" if condition is None else condition.state,
        state_reason="" if condition is None else condition.reason,
        state_since=since,
        date_created=row.date_created,
        date_updated=row.date_updated,
        uri=f"/Accounts/{row.account_sid}/Trunks/{row.trunk_sid}/OriginationUrls/{row.sid}",
    )
