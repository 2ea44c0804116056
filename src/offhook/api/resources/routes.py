"""Routes of an account: which trunks a number takes, in which order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter
from starlette.responses import Response

from offhook.api import checks
from offhook.api.auth import Access, Authorized
from offhook.api.errors import BadParameter, Code, NotFound
from offhook.api.operations import Operation, body, operation, query
from offhook.api.trunk_forms import PATTERN, trunk_names
from offhook.api.wire.bodies import Link, Names
from offhook.api.wire.forms import parameter
from offhook.api.wire.responses import gone
from offhook.store import trunks
from offhook.store.session import Session
from offhook.store.trunks import RouteRow

router = APIRouter()
NAMES: Final = Names(element="Route", many="Routes", key="routes")
_LIST: Final = "/Accounts/{account_sid}/Routes"
_ONE: Final = "/Accounts/{account_sid}/Routes/{sid}"
_MOST_TRUNKS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route."""

    sid: str
    account_sid: str
    friendly_name: str
    pattern: str
    trunks: str
    """Sids or names, one a line."""
    priority: int
    date_created: datetime
    date_updated: datetime
    uri: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRoute:
    """Parameters of a changed route; what is left out stays as it is."""

    pattern: str | None = parameter(
        "A prefix (the longest counts), or a regular expression that begins with ^ (goes before prefixes); empty: all numbers.",
        default=None,
        check=PATTERN,
    )
    trunks: str | None = parameter(
        "Sids or names of trunks, the first choice first, separated by commas or lines; empty: such numbers are not called.",
        default=None,
    )
    priority: int | None = parameter("Among expressions that cover a number the lowest counts.", default=None)
    friendly_name: str | None = parameter("A name for people.", default=None, check=checks.label)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRoute(UpdateRoute):
    """Parameters of a new route."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRoutes:
    """Filters of the list: none."""


@router.post(
    _LIST,
    **operation(
        Operation(
            name="create_route", summary="Create a route", names=NAMES, body=Route, created=True, takes=CreateRoute
        )
    ),
)
async def create_route(access: Authorized, form: Annotated[CreateRoute, body(CreateRoute)]) -> Response:
    """It counts from the next call on. With the first route of an account, numbers that no route covers go by those above it."""
    now = access.ports.clock.utc()
    row = RouteRow(
        sid=access.ports.sids("route"),
        account_sid=access.account.sid,
        friendly_name=form.pattern or "all numbers",
        pattern="",
        trunks=[],
        date_created=now,
        date_updated=now,
    )
    _fill(row, form)
    async with access.ports.database.writing() as session:
        session.add(row)
    access.ports.directory_changed()
    return access.one(NAMES, _body(row), created=True)


@router.get(
    _LIST,
    **operation(
        Operation(name="list_routes", summary="List routes", names=NAMES, body=Route, many=True, asks=ListRoutes)
    ),
)
async def list_routes(access: Authorized, _: Annotated[ListRoutes, query(ListRoutes)]) -> Response:
    """Newest first."""
    async with access.ports.database.reading() as session:
        page = await trunks.routes(session, access.scope, access.wanted_page())
    return access.many(NAMES, page, [_body(row) for row in page.rows])


@router.get(_ONE, **operation(Operation(name="fetch_route", summary="Fetch a route", names=NAMES, body=Route)))
async def fetch_route(access: Authorized, sid: str) -> Response:
    """One route of the account."""
    async with access.ports.database.reading() as session:
        row = await _found(access, session, sid)
    return access.one(NAMES, _body(row))


@router.put(_ONE, include_in_schema=False)
@router.post(
    _ONE,
    **operation(Operation(name="update_route", summary="Change a route", names=NAMES, body=Route, takes=UpdateRoute)),
)
async def update_route(access: Authorized, sid: str, form: Annotated[UpdateRoute, body(UpdateRoute)]) -> Response:
    """It counts from the next call on."""
    async with access.ports.database.writing() as session:
        row = await _found(access, session, sid)
        _fill(row, form)
        row.date_updated = access.ports.clock.utc()
    access.ports.directory_changed()
    return access.one(NAMES, _body(row))


@router.delete(_ONE, **operation(Operation(name="delete_route", summary="Delete a route")))
async def delete_route(access: Authorized, sid: str) -> Response:
    """Without routes an account uses its trunks in their order."""
    async with access.ports.database.writing() as session:
        await session.delete(await _found(access, session, sid))
    access.ports.directory_changed()
    return gone()


def _fill(row: RouteRow, form: UpdateRoute) -> None:
    if form.trunks is not None:
        names = trunk_names(form.trunks)
        if len(names) > _MOST_TRUNKS:
            raise BadParameter(Code.INVALID_PARAMETER, f"Parameter Trunks names more than {_MOST_TRUNKS} trunks")
        row.trunks = names
    for name in ("pattern", "priority", "friendly_name"):
        value = getattr(form, name)
        if value is not None:
            setattr(row, name, value)


async def _found(access: Access, session: Session, sid: str) -> RouteRow:
    row = await trunks.route(session, access.scope, sid)
    if row is None:
        raise NotFound(f"{access.base()}/Routes/{sid}")
    return row


def _body(row: RouteRow) -> Route:
    return Route(
        sid=row.sid,
        account_sid=row.account_sid,
        friendly_name=row.friendly_name,
        pattern=row.pattern,
        trunks="\n".join(row.trunks),
        priority=row.priority,
        date_created=row.date_created,
        date_updated=row.date_updated,
        uri=f"/Accounts/{row.account_sid}/Routes/{row.sid}",
    )
