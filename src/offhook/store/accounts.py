"""Accounts: who owns what, who stands below whom, and the credentials of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, func, select
from sqlalchemy.orm import Mapped, mapped_column

from offhook.store.base import Long, Short, Sid, SidKey, Table
from offhook.store.filters import narrowed, text_matches
from offhook.store.paging import Page, PageRequest, fetch
from offhook.store.scope import Scope
from offhook.store.session import Session
from offhook.vocabulary.sids import AccountSid


class AccountRow(Table, kw_only=True):
    """One account."""

    __tablename__ = "accounts"
    __table_args__ = (
        Index("ix_accounts_parent", "parent_account_sid"),
        Index("ix_accounts_email", "email_address", unique=True),
    )

    sid: Mapped[SidKey]
    organization_sid: Mapped[Sid] = mapped_column(ForeignKey("organizations.sid"))
    parent_account_sid: Mapped[Sid | None] = mapped_column(ForeignKey("accounts.sid"), default=None)
    """None: the administrator of the whole server."""
    friendly_name: Mapped[Long]
    email_address: Mapped[Long | None] = mapped_column(default=None)
    """Lower case, for logging in instead of the sid."""
    status: Mapped[Short] = mapped_column(default="active")
    """``active``, ``suspended``, ``inactive``, ``closed`` (for good), ``uninitialized`` (has no password yet)."""
    type: Mapped[Short] = mapped_column(default="Full")
    role: Mapped[Short] = mapped_column(default="Administrator")
    auth_token: Mapped[Long] = mapped_column(repr=False)
    """Sealed by ``security.secrets`` with the account's sid as context."""
    password_hash: Mapped[Long | None] = mapped_column(default=None, repr=False)
    """argon2id."""
    date_created: Mapped[datetime]
    date_updated: Mapped[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFilters:
    """What a list of accounts may be asked for."""

    friendly_name: str | None = None
    status: str | None = None
    organization_sid: str | None = None
    children_only: bool = False
    """Without the account itself."""


async def credentials(session: Session, sid_or_email: str) -> AccountRow | None:
    """The account that wants to log in. Before authentication there is no scope, so only this query has none."""
    if "@" in sid_or_email:
        return await session.scalar(select(AccountRow).where(AccountRow.email_address == sid_or_email.lower()))
    return await session.get(AccountRow, sid_or_email)


async def get(session: Session, scope: Scope, sid: str) -> AccountRow | None:
    """The account ``sid`` when it lies within ``scope``."""
    return await session.scalar(select(AccountRow).where(AccountRow.sid == sid, scope.covers(AccountRow.sid)))


async def page(session: Session, scope: Scope, filters: AccountFilters, request: PageRequest) -> Page[AccountRow]:
    """Accounts within ``scope``."""
    conditions = [scope.covers(AccountRow.sid)]
    if filters.friendly_name is not None:
        conditions.append(text_matches(AccountRow.friendly_name, filters.friendly_name))
    if filters.status is not None:
        conditions.append(AccountRow.status == filters.status)
    if filters.organization_sid is not None:
        conditions.append(AccountRow.organization_sid == filters.organization_sid)
    if filters.children_only:
        conditions.append(AccountRow.sid != scope.account_sid)
    query = narrowed(select(AccountRow), conditions)
    return await fetch(session, query, request, AccountRow.sid, {"date_created": AccountRow.date_created})


async def tree(session: Session, scope: Scope) -> Sequence[AccountRow]:
    """The account of ``scope`` and all below it, whatever ``scope`` says of those."""
    whole = Scope(account_sid=scope.account_sid, subaccounts=True)
    return (
        await session.scalars(select(AccountRow).where(whole.covers(AccountRow.sid)).order_by(AccountRow.sid))
    ).all()


async def children(session: Session, scope: Scope) -> Sequence[AccountRow]:
    """The accounts directly below the scope's account, oldest first."""
    query = select(AccountRow).where(AccountRow.parent_account_sid == scope.account_sid).order_by(AccountRow.sid)
    return (await session.scalars(query)).all()


async def lineage(session: Session, sid: AccountSid) -> list[AccountSid]:
    """An account and all above it, the nearest first; empty when there is no such account."""
    found: list[AccountSid] = []
    row = await session.get(AccountRow, sid)
    while row is not None and row.sid not in found:
        found.append(AccountSid(row.sid))
        row = None if row.parent_account_sid is None else await session.get(AccountRow, row.parent_account_sid)
    return found


async def administrator(session: Session) -> AccountRow | None:
    """The oldest account without a parent; None before the first start has made it."""
    query = select(AccountRow).where(AccountRow.parent_account_sid.is_(None)).order_by(AccountRow.sid).limit(1)
    return await session.scalar(query)


async def count(session: Session) -> int:
    """How many accounts there are."""
    return await session.scalar(select(func.count()).select_from(AccountRow)) or 0
