"""Limits of accounts: how many calls at once, how fast, and to which numbers. An account without a row has none of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from offhook.store.base import Long, Sid, Table
from offhook.store.scope import Scope
from offhook.store.session import Session


class LimitsRow(Table, kw_only=True):
    """The limits of one account; what is None is that of the account above, at last that of the settings."""

    __tablename__ = "account_limits"

    account_sid: Mapped[Sid] = mapped_column(ForeignKey("accounts.sid", ondelete="CASCADE"), primary_key=True)
    max_calls: Mapped[int | None] = mapped_column(default=None)
    """0: no limit."""
    calls_per_second: Mapped[float | None] = mapped_column(default=None)
    """0: no limit."""
    destinations: Mapped[Long | None] = mapped_column(default=None)
    """Countries and prefixes, one a line."""
    date_updated: Mapped[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What counts for an account."""

    max_calls: int | None = None
    calls_per_second: float | None = None
    destinations: tuple[str, ...] | None = None


async def get(session: Session, scope: Scope) -> LimitsRow | None:
    """The row of the scope's own account."""
    return await session.get(LimitsRow, scope.account_sid)


async def effective(session: Session, lineage: Sequence[str]) -> Limits:
    """What counts for the first account of ``lineage``, whose others are those above it, the nearest first."""
    query = select(LimitsRow).where(LimitsRow.account_sid.in_(list(lineage)))
    found = {row.account_sid: row for row in (await session.scalars(query)).all()}
    rows = [found[sid] for sid in lineage if sid in found]
    lists = next((row.destinations for row in rows if row.destinations is not None), None)
    return Limits(
        max_calls=next((row.max_calls for row in rows if row.max_calls is not None), None),
        calls_per_second=next((row.calls_per_second for row in rows if row.calls_per_second is not None), None),
        destinations=None if lists is None else tuple(lists.split("\n")) if lists else (),
    )
