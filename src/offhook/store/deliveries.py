"""The outbox: status callbacks that are to be delivered, and what became of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Index, bindparam, select, update
from sqlalchemy.orm import Mapped, mapped_column

from offhook.store.base import Json, Long, Short, Sid, SidKey, Table
from offhook.store.paging import Page, PageRequest, fetch
from offhook.store.scope import Scope
from offhook.store.session import Connection, Session
from offhook.store.upsert import insert_new

PENDING: Final = "pending"
DELIVERED: Final = "delivered"
DEAD: Final = "dead"


class DeliveryRow(Table, kw_only=True):
    """One callback."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_account", "account_sid", "sid"),
        Index("ix_deliveries_call", "call_sid"),
        Index("ix_deliveries_node_state", "node", "state"),
    )

    sid: Mapped[SidKey]
    account_sid: Mapped[Sid]
    call_sid: Mapped[Sid]
    sequence: Mapped[int]
    """Position among the callbacks of its call, from 0."""
    url: Mapped[Long]
    method: Mapped[Short]
    parameters: Mapped[Json]
    """Pairs of name and value, in the order in which they are sent."""
    state: Mapped[Short]
    attempts: Mapped[Json]
    """One line per attempt: ``at`` (ISO 8601), ``status`` or ``error``, ``elapsed`` (seconds)."""
    due_at: Mapped[datetime]
    date_created: Mapped[datetime]
    date_updated: Mapped[datetime]
    node: Mapped[Short] = mapped_column(default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilters:
    """What a list of deliveries may be asked for."""

    call_sid: str | None = None
    state: str | None = None


async def page(session: Session, scope: Scope, filters: DeliveryFilters, request: PageRequest) -> Page[DeliveryRow]:
    """Deliveries within ``scope``."""
    query = select(DeliveryRow).where(scope.covers(DeliveryRow.account_sid))
    if filters.call_sid is not None:
        query = query.where(DeliveryRow.call_sid == filters.call_sid)
    if filters.state is not None:
        query = query.where(DeliveryRow.state == filters.state)
    sortable = {"date_created": DeliveryRow.date_created, "due_at": DeliveryRow.due_at}
    return await fetch(session, query, request, DeliveryRow.sid, sortable)


async def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert callbacks; keys are column names. Those that exist stay as they are."""
    await insert_new(connection, DeliveryRow, rows)


async def progress(connection: Connection, changes: Sequence[Mapping[str, Any]]) -> None:
    """Note attempts: ``key`` (the sid), ``state``, ``attempts``, ``due_at`` and ``date_updated`` of each."""
    if changes:
        statement = update(DeliveryRow.__table__).where(DeliveryRow.sid == bindparam("key"))  # type: ignore[arg-type]
        values: dict[str, Any] = {name: bindparam(name) for name in ("state", "attempts", "due_at", "date_updated")}
        await connection.execute(statement.values(values), list(changes))


async def pending(session: Session, node: str, limit: int, known: Collection[str] = ()) -> Sequence[DeliveryRow]:
    """Undelivered callbacks of a node, oldest first, without those whose sids are ``known``."""
    query = select(DeliveryRow).where(DeliveryRow.node == node, DeliveryRow.state == PENDING)
    if not known:
        return (await session.scalars(query.order_by(DeliveryRow.sid).limit(limit))).all()
    # Databases limit the parameters of a statement, so the known ones are skipped here.
    rows = await session.scalars(query.order_by(DeliveryRow.sid).limit(limit + len(known)))
    return [row for row in rows if row.sid not in known][:limit]
