"""Clients: SIP users of an organization, who register and are called by name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, select
from sqlalchemy.orm import Mapped, mapped_column

from offhook.security.digest import ha1_of_every_algorithm
from offhook.store.accounts import AccountRow
from offhook.store.applications import ApplicationRow
from offhook.store.base import Long, Short, Sid, SidKey, Table
from offhook.store.filters import text_matches
from offhook.store.paging import Page, PageRequest, fetch
from offhook.store.scope import Scope
from offhook.store.session import Session


class ClientRow(Table, kw_only=True):
    """One client."""

    __tablename__ = "clients"
    __table_args__ = (
        Index("ix_clients_account", "account_sid", "sid"),
        Index("ix_clients_organization_login", "organization_sid", "login", unique=True),
    )

    sid: Mapped[SidKey]
    organization_sid: Mapped[Sid] = mapped_column(ForeignKey("organizations.sid"))
    account_sid: Mapped[Sid] = mapped_column(ForeignKey("accounts.sid"))
    login: Mapped[Long]
    friendly_name: Mapped[Long]
    ha1_md5: Mapped[Short] = mapped_column(repr=False)
    ha1_sha256: Mapped[Short] = mapped_column(repr=False)
    """H(login:domain:password) by ``security.digest``."""
    active: Mapped[bool] = mapped_column(default=True)
    api_version: Mapped[Short] = mapped_column(default="2012-04-24")
    voice_url: Mapped[Long | None] = mapped_column(default=None)
    voice_method: Mapped[Short] = mapped_column(default="POST")
    voice_fallback_url: Mapped[Long | None] = mapped_column(default=None)
    voice_fallback_method: Mapped[Short] = mapped_column(default="POST")
    voice_application_sid: Mapped[Sid | None] = mapped_column(
        ForeignKey("applications.sid", ondelete="SET NULL"), default=None
    )
    date_created: Mapped[datetime]
    date_updated: Mapped[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFilters:
    """What a list of clients may be asked for."""

    login: str | None = None


def password_columns(login: str, domain: str, password: str) -> dict[str, Any]:
    """How a password is kept: by its hashes with login and domain, one for each algorithm."""
    hashes = ha1_of_every_algorithm(login, domain, password)
    return {"ha1_md5": hashes["MD5"], "ha1_sha256": hashes["SHA-256"]}


async def get(session: Session, scope: Scope, sid: str) -> ClientRow | None:
    """The client ``sid`` when it lies within ``scope``."""
    return await session.scalar(select(ClientRow).where(ClientRow.sid == sid, scope.covers(ClientRow.account_sid)))


async def page(session: Session, scope: Scope, filters: ClientFilters, request: PageRequest) -> Page[ClientRow]:
    """Clients within ``scope``."""
    query = select(ClientRow).where(scope.covers(ClientRow.account_sid))
    if filters.login is not None:
        query = query.where(text_matches(ClientRow.login, filters.login))
    sortable = {"date_created": ClientRow.date_created, "login": ClientRow.login}
    return await fetch(session, query, request, ClientRow.sid, sortable)


async def logins(session: Session, organization_sid: str, limit: int) -> frozenset[str] | None:
    """The logins of all clients of an organization; None when there are more than ``limit``."""
    query = select(ClientRow.login).where(ClientRow.organization_sid == organization_sid).limit(limit + 1)
    found = frozenset((await session.scalars(query)).all())
    return found if len(found) <= limit else None


async def by_login(
    session: Session, organization_sid: str, login: str
) -> tuple[ClientRow, AccountRow, ApplicationRow | None] | None:
    """A client of an organization with owner and application: for routing, and to find a login that is taken."""
    query = (
        select(ClientRow, AccountRow, ApplicationRow)
        .join(AccountRow, AccountRow.sid == ClientRow.account_sid)
        .outerjoin(ApplicationRow, ApplicationRow.sid == ClientRow.voice_application_sid)
        .where(ClientRow.organization_sid == organization_sid, ClientRow.login == login)
    )
    found = (await session.execute(query)).one_or_none()
    return None if found is None else (found[0], found[1], found[2])
