"""Limits of an account: set by whoever stands above it, seen by the account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter
from starlette.responses import Response

from offhook.api.auth import Access, Authorized
from offhook.api.errors import ApiError, BadParameter, Code
from offhook.api.operations import Operation, body, operation
from offhook.api.wire.bodies import Link, Names
from offhook.api.wire.forms import parameter
from offhook.api.wire.responses import gone
from offhook.calls.numbers.destinations import Destinations
from offhook.store import accounts, limits
from offhook.store.limits import LimitsRow
from offhook.store.session import Session

router = APIRouter()
NAMES: Final = Names(element="Limits", many="Limits", key="limits")
_ONE: Final = "/Accounts/{account_sid}/Limits"
_MOST_CALLS: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What counts for an account: its own limits, else those of the nearest account above; null is what the settings say."""

    account_sid: str
    max_calls: int | None
    calls_per_second: float | None
    destinations: str | None
    date_updated: datetime | None
    """When the account's own were set; null where it has none."""
    uri: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLimits:
    """Parameters of changed limits; what is left out stays as it is."""

    max_calls: int | None = parameter("Calls (legs) at once; 0 is no limit.", default=None)
    calls_per_second: float | None = parameter("New calls a second in each direction; 0 is no limit.", default=None)
    destinations: str | None = parameter(
        "Numbers that may be called, with commas: countries (DE), prefixes (+4989), premium; with ! what may not; empty: all.",
        default=None,
    )


@router.get(
    _ONE, **operation(Operation(name="fetch_limits", summary="Fetch an account's limits", names=NAMES, body=Limits))
)
async def fetch_limits(access: Authorized) -> Response:
    """What counts for the account now."""
    async with access.ports.database.reading() as session:
        return access.one(NAMES, await _body(access, session))


@router.put(_ONE, include_in_schema=False)
@router.post(
    _ONE,
    **operation(
        Operation(
            name="set_limits",
            summary="Set an account's limits",
            names=NAMES,
            body=Limits,
            takes=SetLimits,
            refusals=(Code.ACCESS_DENIED,),
        )
    ),
)
async def set_limits(access: Authorized, form: Annotated[SetLimits, body(SetLimits)]) -> Response:
    """They count for the next call; calls in progress go on."""
    _check_above(access)
    destinations = _checked(form)
    async with access.ports.database.writing() as session:
        row = await limits.get(session, access.scope)
        if row is None:
            row = LimitsRow(account_sid=access.account_sid, date_updated=access.ports.clock.utc())
            session.add(row)
        if form.max_calls is not None:
            row.max_calls = form.max_calls
        if form.calls_per_second is not None:
            row.calls_per_second = form.calls_per_second
        if destinations is not None:
            row.destinations = destinations
        row.date_updated = access.ports.clock.utc()
        await session.flush()
        found = await _body(access, session)
    access.ports.directory_changed()
    return access.one(NAMES, found)


@router.delete(
    _ONE,
    **operation(
        Operation(name="delete_limits", summary="Take an account's own limits away", refusals=(Code.ACCESS_DENIED,))
    ),
)
async def delete_limits(access: Authorized) -> Response:
    """Those of the account above count again."""
    _check_above(access)
    async with access.ports.database.writing() as session:
        row = await limits.get(session, access.scope)
        if row is not None:
            await session.delete(row)
    access.ports.directory_changed()
    return gone()


def _check_above(access: Access) -> None:
    """An account does not set its own limits, unless nobody is above it."""
    if access.caller.sid == access.account.sid and access.caller.parent_account_sid is not None:
        raise ApiError(403, Code.ACCESS_DENIED, "Limits of an account are set by the account above it.")


def _checked(form: SetLimits) -> str | None:
    """The destinations, one a line. Raises ``BadParameter``."""
    if form.max_calls is not None and not 0 <= form.max_calls <= _MOST_CALLS:
        raise BadParameter(Code.INVALID_PARAMETER, f"Parameter MaxCalls {form.max_calls} must be 0 to {_MOST_CALLS}")
    if form.calls_per_second is not None and not 0 <= form.calls_per_second <= _MOST_CALLS:
        said = f"Parameter CallsPerSecond {form.calls_per_second} must be 0 to {_MOST_CALLS}"
        raise BadParameter(Code.INVALID_PARAMETER, said)
    if form.destinations is None:
        return None
    entries = [entry.strip() for entry in form.destinations.split(",") if entry.strip()]
    try:
        Destinations(entries)
    except ValueError as error:
        raise BadParameter(Code.INVALID_PARAMETER, f"Parameter Destinations: {error}") from error
    return "\n".join(entries)


async def _body(access: Access, session: Session) -> Limits:
    counts = await limits.effective(session, await accounts.lineage(session, access.account_sid))
    own = await limits.get(session, access.scope)
    return Limits(
        account_sid=access.account_sid,
        max_calls=counts.max_calls,
        calls_per_second=counts.calls_per_second,
        destinations=None if counts.destinations is None else ",".join(counts.destinations),
        date_updated=None if own is None else own.date_updated,
        uri=f"{access.base()}/Limits",
    )
