"""Bans: who guessed passwords and is not listened to by SIP; for the server's administrator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Final

from fastapi import APIRouter
from starlette.responses import Response

from offhook.api.auth import Access, Authorized
from offhook.api.errors import ApiError, Code, NotFound
from offhook.api.operations import Operation, operation, query
from offhook.api.wire.bodies import Names
from offhook.api.wire.forms import parameter
from offhook.api.wire.responses import gone
from offhook.store.paging import Order, Page

router = APIRouter()
NAMES: Final = Names(element="Ban", many="Bans", key="bans")
_LIST: Final = "/Accounts/{account_sid}/Bans"
_LONGEST_FIRST: Final = Order(by="seconds_left", descending=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ban:
    """One source that is not listened to."""

    source: str
    """An IPv4 address or an IPv6 network."""
    seconds_left: int
    times: int
    """How often it was banned lately; each ban is twice as long as the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftBan:
    """Whose ban is lifted."""

    source: str = parameter("An address, or a source as the list shows it.")


@router.get(
    _LIST,
    **operation(
        Operation(
            name="list_bans",
            summary="List the sources that SIP does not listen to",
            names=NAMES,
            body=Ban,
            many=True,
            refusals=(Code.ACCESS_DENIED,),
        )
    ),
)
async def list_bans(access: Authorized) -> Response:
    """The longest first."""
    _check_administrator(access)
    bans = [
        Ban(source=ban.source, seconds_left=round(ban.left), times=ban.times)
        for ban in access.ports.bans.standing_bans()
    ]
    wanted = replace(access.wanted_page(), order=_LONGEST_FIRST)
    first = wanted.number * wanted.size
    page = Page(
        rows=bans[first : first + wanted.size],
        request=wanted,
        total=len(bans),
        more=len(bans) > first + wanted.size,
    )
    return access.many(NAMES, page, page.rows)


@router.delete(
    _LIST,
    **operation(
        Operation(name="lift_ban", summary="Listen to a source again", asks=LiftBan, refusals=(Code.ACCESS_DENIED,))
    ),
)
async def lift_ban(access: Authorized, form: Annotated[LiftBan, query(LiftBan)]) -> Response:
    """Its failures are forgotten too."""
    _check_administrator(access)
    if not access.ports.bans.lift_ban(form.source.strip()):
        raise NotFound(f"{form.source[:60]!r} has no ban")
    return gone()


def _check_administrator(access: Access) -> None:
    """Bans are of the whole server."""
    if access.caller.parent_account_sid is not None:
        raise ApiError(403, Code.ACCESS_DENIED, "Bans are seen and lifted by the server's administrator only.")
