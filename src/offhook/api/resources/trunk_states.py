"""How trunks and their gateways are now: those of the account, and for the administrator those of the configuration file too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter
from starlette.responses import Response

from offhook.api.auth import Authorized
from offhook.api.operations import Operation, operation, query
from offhook.api.trunk_forms import trunks_of
from offhook.api.wire.bodies import Names
from offhook.store.paging import Page

router = APIRouter()
NAMES: Final = Names(element="TrunkState", many="TrunkStates", key="trunk_states")
_LIST: Final = "/Accounts/{account_sid}/TrunkStates"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkState:
    """One gateway of a trunk, on the node that answers."""

    sid: str
    """Of the trunk; ``config:NAME`` for one of the configuration file."""
    trunk: str
    gateway: str
    enabled: bool
    state: str
    """``unknown``, ``up``, ``down``, ``probing`` or ``resting``."""
    reason: str
    since: datetime | None
    calls: int
    """Channels of the trunk in use."""
    registration: str
    """``trying``, ``registered`` or ``failed``; empty where we do not register."""
    registration_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTrunkStates:
    """Filters of the list: none."""


@router.get(
    _LIST,
    **operation(
        Operation(
            name="list_trunk_states",
            summary="How the gateways of all trunks are",
            names=NAMES,
            body=TrunkState,
            many=True,
            asks=ListTrunkStates,
        )
    ),
)
async def list_trunk_states(access: Authorized, _: Annotated[ListTrunkStates, query(ListTrunkStates)]) -> Response:
    """All at once, trunk by trunk."""
    live, now = access.ports.trunks, access.ports.clock.utc()
    found = []
    for trunk in trunks_of(access):
        standing = live.standings.get(trunk.key)
        for gateway in trunk.gateways:
            condition = live.condition(trunk.key, gateway.uri)
            found.append(
                TrunkState(
                    sid=trunk.key,
                    trunk=trunk.name,
                    gateway=gateway.uri,
                    enabled=trunk.enabled and gateway.enabled,
                    state="unknown" if condition is None else condition.state.value,
                    reason="" if condition is None else condition.reason,
                    since=None if condition is None else now - timedelta(seconds=condition.age),
                    calls=live.in_use(trunk.key),
                    registration="" if standing is None else standing.state.value,
                    registration_reason="" if standing is None else standing.reason,
                )
            )
    page = Page(rows=found, total=len(found), request=access.wanted_page(), more=False)
    return access.many(NAMES, page, found)
