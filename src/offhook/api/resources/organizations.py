"""Organizations: domains, the borders between tenants. The administrator of the server makes them; an account sees its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter
from starlette.responses import Response

from offhook.api import checks
from offhook.api.auth import Access, Authorized
from offhook.api.errors import ApiError, BadParameter, Code, NotFound
from offhook.api.operations import Operation, body, operation, query
from offhook.api.wire.bodies import Link, Names
from offhook.api.wire.forms import parameter
from offhook.store import organizations
from offhook.store.organizations import OrganizationFilters, OrganizationRow

router = APIRouter()
NAMES: Final = Names(element="Organization", many="Organizations", key="organizations", bare=True)


class Status(StrEnum):
    """Whether calls to and from the domain are taken."""

    ACTIVE = "active"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """One organization."""

    sid: str
    domain_name: str
    status: str
    date_created: datetime
    date_updated: datetime
    uri: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOrganizations:
    """Filters of the list."""

    status: Status | None = parameter("active or closed.", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOrganization:
    """Parameters of a changed organization."""

    status: Status = parameter("closed: its numbers and clients neither call nor are called; active: they do again.")


@router.get(
    "/Organizations",
    **operation(
        Operation(
            name="list_organizations",
            summary="List organizations",
            names=NAMES,
            body=Organization,
            many=True,
            asks=ListOrganizations,
            refusals=(Code.ACCESS_DENIED,),
        )
    ),
)
async def list_organizations(
    access: Authorized, filters: Annotated[ListOrganizations, query(ListOrganizations)]
) -> Response:
    """All of the server, newest first."""
    _check_operates(access)
    async with access.ports.database.reading() as session:
        wanted = OrganizationFilters(status=filters.status)
        page = await organizations.page(session, wanted, access.wanted_page())
    return access.many(NAMES, page, [_body(row) for row in page.rows])


@router.get(
    "/Organizations/{sid}",
    **operation(Operation(name="fetch_organization", summary="Fetch an organization", names=NAMES, body=Organization)),
)
async def fetch_organization(access: Authorized, sid: str) -> Response:
    """The caller's own, or any for the administrator of the server."""
    if sid != access.caller.organization_sid:
        _check_operates(access)
    async with access.ports.database.reading() as session:
        row = await organizations.get(session, sid)
    if row is None:
        raise NotFound(f"/Organizations/{sid}")
    return access.one(NAMES, _body(row))


@router.put(
    "/Organizations/{domain_name}",
    **operation(
        Operation(
            name="create_organization",
            summary="Create an organization",
            names=NAMES,
            body=Organization,
            created=True,
            refusals=(Code.CONFLICT, Code.ACCESS_DENIED),
        )
    ),
)
async def create_organization(access: Authorized, domain_name: str) -> Response:
    """For a domain, or for one label, which is completed with the domain of the caller's organization."""
    _check_operates(access)
    try:
        domain = checks.domain(domain_name)
    except ValueError as error:
        raise BadParameter(Code.INVALID_PARAMETER, f"{domain_name[:80]!r} {error}") from None
    now = access.ports.clock.utc()
    async with access.ports.database.writing() as session:
        if "." not in domain:
            own = await organizations.get(session, access.caller.organization_sid)
            assert own is not None, "an account's organization exists"
            domain = f"{domain}.{own.domain_name}"
        if await organizations.by_domain(session, domain) is not None:
            raise ApiError(409, Code.CONFLICT, f"There is an organization {domain}; choose another domain")
        row = OrganizationRow(
            sid=access.ports.sids("organization"), domain_name=domain, date_created=now, date_updated=now
        )
        session.add(row)
    access.ports.directory_changed()
    return access.one(NAMES, _body(row), created=True)


@router.post(
    "/Organizations/{sid}",
    **operation(
        Operation(
            name="update_organization",
            summary="Close or open an organization",
            names=NAMES,
            body=Organization,
            takes=UpdateOrganization,
            refusals=(Code.ACCESS_DENIED,),
        )
    ),
)
async def update_organization(
    access: Authorized, sid: str, form: Annotated[UpdateOrganization, body(UpdateOrganization)]
) -> Response:
    """Not the caller's own. Calls in progress go on."""
    _check_operates(access)
    if sid == access.caller.organization_sid:
        raise BadParameter(Code.INVALID_PARAMETER, "The organization of the administrator cannot be closed.")
    async with access.ports.database.writing() as session:
        row = await organizations.get(session, sid)
        if row is None:
            raise NotFound(f"/Organizations/{sid}")
        row.status, row.date_updated = form.status.value, access.ports.clock.utc()
    access.ports.directory_changed()
    return access.one(NAMES, _body(row))


def _check_operates(access: Access) -> None:
    if not access.operates:
        raise ApiError(403, Code.ACCESS_DENIED, "Only the administrator of the server sees and changes organizations.")


def _body(row: OrganizationRow) -> Organization:
    return Organization(
        sid=row.sid,
        domain_name=row.domain_name,
        status=row.status,
        date_created=row.date_created,
        date_updated=row.date_updated,
        uri=f"/Organizations/{row.sid}",
    )
