"""API keys: credentials of an account that can be taken away one by one, unlike its auth token."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, select
from sqlalchemy.orm import Mapped, mapped_column

from offhook.store.accounts import AccountRow
from offhook.store.base import Long, Short, Sid, SidKey, Table
from offhook.store.paging import Page, PageRequest, fetch
from offhook.store.scope import Scope
from offhook.store.session import Session


class KeyRow(Table, kw_only=True):
    """One key."""

    __tablename__ = "keys"
    __table_args__ = (Index("ix_keys_account", "account_sid", "sid"),)

    sid: Mapped[SidKey]
    account_sid: Mapped[Sid] = mapped_column(ForeignKey("accounts.sid"))
    friendly_name: Mapped[Long]
    kind: Mapped[Short] = mapped_column(default="standard")
    """``main`` may do what the account may, ``standard`` all but change accounts and keys."""
    secret: Mapped[Long] = mapped_column(repr=False)
    """Sealed by ``security.secrets`` with the key's sid as context: access tokens are signed with it."""
    date_created: Mapped[datetime]
    date_updated: Mapped[datetime]


async def credentials(session: Session, sid: str) -> tuple[KeyRow, AccountRow] | None:
    """The key that wants to log in, and its account. Before authentication there is no scope."""
    query = select(KeyRow, AccountRow).join(AccountRow, AccountRow.sid == KeyRow.account_sid).where(KeyRow.sid == sid)
    found = (await session.execute(query)).one_or_none()
    return None if found is None else (found[0], found[1])


async def get(session: Session, scope: Scope, sid: str) -> KeyRow | None:
    """The key ``sid`` when it lies within ``scope``."""
    return await session.scalar(select(KeyRow).where(KeyRow.sid == sid, scope.covers(KeyRow.account_sid)))


async def page(session: Session, scope: Scope, request: PageRequest) -> Page[KeyRow]:
    """Keys within ``scope``."""
    query = select(KeyRow).where(scope.covers(KeyRow.account_sid))
    return await fetch(session, query, request, KeyRow.sid, {"date_created": KeyRow.date_created})
