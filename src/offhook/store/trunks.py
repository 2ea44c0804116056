"""Trunks of accounts, their gateways, and the routes by which numbers take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, select
from sqlalchemy.orm import Mapped, mapped_column

from offhook.store.accounts import AccountRow
from offhook.store.base import Json, Long, Short, Sid, SidKey, Table
from offhook.store.filters import text_matches
from offhook.store.organizations import OrganizationRow
from offhook.store.paging import Page, PageRequest, fetch
from offhook.store.scope import Scope
from offhook.store.session import Session


class TrunkRow(Table, kw_only=True):
    """One trunk. Lists are text with one item a line."""

    __tablename__ = "trunks"
    __table_args__ = (
        Index("ix_trunks_account", "account_sid", "sid"),
        Index("ix_trunks_account_name", "account_sid", "friendly_name", unique=True),
        Index("ix_trunks_inbound_username", "inbound_username", unique=True),
    )

    sid: Mapped[SidKey]
    account_sid: Mapped[Sid] = mapped_column(ForeignKey("accounts.sid"))
    friendly_name: Mapped[Long]
    enabled: Mapped[bool] = mapped_column(default=True)
    priority: Mapped[int] = mapped_column(default=10)
    """In which order an account without routes uses its trunks."""
    username: Mapped[Long] = mapped_column(default="")
    password: Mapped[Long] = mapped_column(default="", repr=False)
    """Sealed by ``security.secrets`` with the trunk's sid as context; empty: none."""
    register: Mapped[bool] = mapped_column(default=False)
    register_expires: Mapped[int] = mapped_column(default=600)
    from_user: Mapped[Long] = mapped_column(default="")
    from_domain: Mapped[Long] = mapped_column(default="")
    caller_header: Mapped[Short] = mapped_column(default="none")
    contact_user: Mapped[Long] = mapped_column(default="")
    outbound_called: Mapped[Long] = mapped_column(default="")
    outbound_caller: Mapped[Long] = mapped_column(default="")
    inbound_called: Mapped[Long] = mapped_column(default="")
    inbound_caller: Mapped[Long] = mapped_column(default="")
    codecs: Mapped[Long] = mapped_column(default="")
    srtp: Mapped[Short] = mapped_column(default="")
    """``off``, ``optional``, ``required``; empty: as the node does."""
    max_calls: Mapped[int] = mapped_column(default=0)
    calls_per_second: Mapped[float] = mapped_column(default=0.0)
    response_timeout: Mapped[float] = mapped_column(default=4.0)
    options_interval: Mapped[float] = mapped_column(default=30.0)
    options_timeout: Mapped[float] = mapped_column(default=4.0)
    down_after: Mapped[int] = mapped_column(default=2)
    up_after: Mapped[int] = mapped_column(default=1)
    networks: Mapped[Long] = mapped_column(default="")
    certificates: Mapped[Long] = mapped_column(default="")
    inbound_username: Mapped[Long | None] = mapped_column(default=None)
    inbound_ha1_md5: Mapped[Short] = mapped_column(default="", repr=False)
    inbound_ha1_sha256: Mapped[Short] = mapped_column(default="", repr=False)
    """H(inbound_username:domain:password) by ``security.digest``."""
    date_created: Mapped[datetime]
    date_updated: Mapped[datetime]
    progress_timeout: Mapped[float] = mapped_column(default=12.0, server_default="12")
    retry_interval: Mapped[float] = mapped_column(default=30.0, server_default="30")


class GatewayRow(Table, kw_only=True):
    """One gateway of a trunk."""

    __tablename__ = "trunk_gateways"
    __table_args__ = (
        Index("ix_trunk_gateways_trunk", "trunk_sid", "sid"),
        Index("ix_trunk_gateways_trunk_url", "trunk_sid", "sip_url", unique=True),
    )

    sid: Mapped[SidKey]
    trunk_sid: Mapped[Sid] = mapped_column(ForeignKey("trunks.sid", ondelete="CASCADE"))
    account_sid: Mapped[Sid] = mapped_column(ForeignKey("accounts.sid"))
    friendly_name: Mapped[Long]
    sip_url: Mapped[Long]
    priority: Mapped[int] = mapped_column(default=10)
    weight: Mapped[int] = mapped_column(default=10)
    enabled: Mapped[bool] = mapped_column(default=True)
    date_created: Mapped[datetime]
    date_updated: Mapped[datetime]


class RouteRow(Table, kw_only=True):
    """One route."""

    __tablename__ = "trunk_routes"
    __table_args__ = (Index("ix_trunk_routes_account", "account_sid", "sid"),)

    sid: Mapped[SidKey]
    account_sid: Mapped[Sid] = mapped_column(ForeignKey("accounts.sid"))
    friendly_name: Mapped[Long]
    pattern: Mapped[Long]
    trunks: Mapped[Json]
    """Sids or names, the first choice first."""
    priority: Mapped[int] = mapped_column(default=10)
    date_created: Mapped[datetime]
    date_updated: Mapped[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkFilters:
    """What a list of trunks may be asked for."""

    friendly_name: str | None = None


async def get(session: Session, scope: Scope, sid: str) -> TrunkRow | None:
    """The trunk ``sid`` when it lies within ``scope``."""
    return await session.scalar(select(TrunkRow).where(TrunkRow.sid == sid, scope.covers(TrunkRow.account_sid)))


async def page(session: Session, scope: Scope, filters: TrunkFilters, request: PageRequest) -> Page[TrunkRow]:
    """Trunks within ``scope``."""
    query = select(TrunkRow).where(scope.covers(TrunkRow.account_sid))
    if filters.friendly_name is not None:
        query = query.where(text_matches(TrunkRow.friendly_name, filters.friendly_name))
    sortable = {"date_created": TrunkRow.date_created, "friendly_name": TrunkRow.friendly_name}
    return await fetch(session, query, request, TrunkRow.sid, sortable)


async def named(session: Session, scope: Scope, name: str) -> TrunkRow | None:
    """The trunk of this name within ``scope``."""
    query = select(TrunkRow).where(TrunkRow.friendly_name == name, scope.covers(TrunkRow.account_sid)).limit(1)
    return await session.scalar(query)


async def by_inbound_username(session: Session, username: str) -> TrunkRow | None:
    """The trunk that proves itself by this name; names are unique among all accounts."""
    return await session.scalar(select(TrunkRow).where(TrunkRow.inbound_username == username))


async def gateway(session: Session, scope: Scope, trunk_sid: str, sid: str) -> GatewayRow | None:
    """The gateway ``sid`` of a trunk, when it lies within ``scope``."""
    return await session.scalar(
        select(GatewayRow).where(
            GatewayRow.sid == sid, GatewayRow.trunk_sid == trunk_sid, scope.covers(GatewayRow.account_sid)
        )
    )


async def gateways(session: Session, scope: Scope, trunk_sid: str, request: PageRequest) -> Page[GatewayRow]:
    """Gateways of a trunk within ``scope``."""
    query = select(GatewayRow).where(GatewayRow.trunk_sid == trunk_sid, scope.covers(GatewayRow.account_sid))
    sortable = {"date_created": GatewayRow.date_created, "priority": GatewayRow.priority}
    return await fetch(session, query, request, GatewayRow.sid, sortable)


async def route(session: Session, scope: Scope, sid: str) -> RouteRow | None:
    """The route ``sid`` when it lies within ``scope``."""
    return await session.scalar(select(RouteRow).where(RouteRow.sid == sid, scope.covers(RouteRow.account_sid)))


async def routes(session: Session, scope: Scope, request: PageRequest) -> Page[RouteRow]:
    """Routes within ``scope``."""
    query = select(RouteRow).where(scope.covers(RouteRow.account_sid))
    sortable = {"date_created": RouteRow.date_created, "pattern": RouteRow.pattern, "priority": RouteRow.priority}
    return await fetch(session, query, request, RouteRow.sid, sortable)


async def everything(
    session: Session,
) -> tuple[list[tuple[TrunkRow, str]], Sequence[GatewayRow], Sequence[RouteRow]]:
    """All trunks of active accounts in the order of use, each with the SIP domain of its organization, all gateways and all
    routes: the node works for every account.
    """
    query = (
        select(TrunkRow, OrganizationRow.domain_name)
        .join(AccountRow, AccountRow.sid == TrunkRow.account_sid)
        .join(OrganizationRow, OrganizationRow.sid == AccountRow.organization_sid)
        .where(AccountRow.status == "active")
        .order_by(TrunkRow.priority, TrunkRow.sid)
    )
    return (
        [(row, domain) for row, domain in (await session.execute(query)).all()],
        (await session.scalars(select(GatewayRow).order_by(GatewayRow.sid))).all(),
        (await session.scalars(select(RouteRow).order_by(RouteRow.priority, RouteRow.sid))).all(),
    )
