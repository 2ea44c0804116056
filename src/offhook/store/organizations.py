"""Organizations: a domain is the border between tenants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from offhook.store.accounts import AccountRow
from offhook.store.base import Long, Short, SidKey, Table
from offhook.store.paging import Page, PageRequest, fetch
from offhook.store.session import Session


class OrganizationRow(Table, kw_only=True):
    """One organization."""

    __tablename__ = "organizations"

    sid: Mapped[SidKey]
    domain_name: Mapped[Long] = mapped_column(unique=True)
    """Lower case."""
    status: Mapped[Short] = mapped_column(default="active")
    """``active`` or ``closed``."""
    date_created: Mapped[datetime]
    date_updated: Mapped[datetime]


async def get(session: Session, sid: str) -> OrganizationRow | None:
    """The organization ``sid``; organizations are no tenant's data, so there is no scope."""
    return await session.get(OrganizationRow, sid)


async def by_domain(session: Session, domain: str) -> OrganizationRow | None:
    """The organization of a SIP domain."""
    return await session.scalar(select(OrganizationRow).where(OrganizationRow.domain_name == domain.lower()))


async def of_account(session: Session, account_sid: str) -> OrganizationRow | None:
    """The organization of an account, while it is active."""
    query = select(OrganizationRow).where(
        OrganizationRow.sid
        == select(AccountRow.organization_sid).where(AccountRow.sid == account_sid).scalar_subquery(),
        OrganizationRow.status == "active",
    )
    return await session.scalar(query)


async def default(session: Session) -> OrganizationRow | None:
    """The organization of callers whose domain says nothing: the oldest."""
    return await session.scalar(select(OrganizationRow).order_by(OrganizationRow.sid).limit(1))


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationFilters:
    """What a list of organizations may be asked for."""

    status: str | None = None


async def page(session: Session, filters: OrganizationFilters, request: PageRequest) -> Page[OrganizationRow]:
    """Organizations, for the administrator of the server."""
    query = select(OrganizationRow)
    if filters.status is not None:
        query = query.where(OrganizationRow.status == filters.status)
    return await fetch(session, query, request, OrganizationRow.sid, {"date_created": OrganizationRow.date_created})


async def every(session: Session) -> Sequence[OrganizationRow]:
    """All organizations by domain."""
    return (await session.scalars(select(OrganizationRow).order_by(OrganizationRow.domain_name))).all()
