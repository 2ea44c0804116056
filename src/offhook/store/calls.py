"""Call records. Written in batches of whole facts (``save``), read by the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, mapped_column

from offhook.store.base import Json, Long, Short, Sid, SidKey, Table
from offhook.store.filters import Span, text_matches
from offhook.store.paging import Page, PageRequest, fetch
from offhook.store.scope import Scope
from offhook.store.session import Connection, Session
from offhook.store.upsert import upsert


class CallRow(Table, kw_only=True):
    """One call (one leg)."""

    __tablename__ = "calls"
    __table_args__ = (
        Index("ix_calls_account", "account_sid", "sid"),
        Index("ix_calls_parent", "parent_call_sid"),
        Index("ix_calls_node_status", "node", "status"),
    )

    sid: Mapped[SidKey]
    account_sid: Mapped[Sid]
    parent_call_sid: Mapped[Sid | None] = mapped_column(default=None)
    number_sid: Mapped[Sid | None] = mapped_column(default=None)
    application_sid: Mapped[Sid | None] = mapped_column(default=None)
    api_version: Mapped[Short]
    direction: Mapped[Short]
    from_: Mapped[Long]
    to: Mapped[Long] = mapped_column("to_")
    caller_name: Mapped[Long | None] = mapped_column(default=None)
    forwarded_from: Mapped[Long | None] = mapped_column(default=None)
    status: Mapped[Short]
    date_created: Mapped[datetime]
    date_updated: Mapped[datetime]
    start_time: Mapped[datetime | None] = mapped_column(default=None)
    """When it was answered."""
    end_time: Mapped[datetime | None] = mapped_column(default=None)
    duration: Mapped[int | None] = mapped_column(default=None)
    """Seconds."""
    ring_duration: Mapped[int | None] = mapped_column(default=None)
    reason: Mapped[Long | None] = mapped_column(default=None)
    sip_code: Mapped[int | None] = mapped_column(default=None)
    sip_call_id: Mapped[Long | None] = mapped_column(default=None)
    sip_headers: Mapped[Json] = mapped_column(default_factory=dict)
    source_ip: Mapped[Short | None] = mapped_column(default=None)
    sip_domain: Mapped[Long | None] = mapped_column(default=None)
    status_callback: Mapped[Long | None] = mapped_column(default=None)
    status_callback_method: Mapped[Short] = mapped_column(default="POST")
    status_callback_events: Mapped[Long] = mapped_column(default="")
    """Words of ``initiated ringing answered completed``, by spaces."""
    node: Mapped[Short] = mapped_column(default="")
    trunk_sid: Mapped[Short | None] = mapped_column(default=None)
    """Or ``config:NAME``."""


COLUMNS: Final = tuple(CallRow.__table__.columns.keys())
_FIXED: Final = frozenset({"sid", "account_sid", "date_created", "direction", "node"})
_UNFINISHED: Final = ("queued", "ringing", "in-progress")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilters:
    """What a list of calls may be asked for; ``%`` in a text stands for any text."""

    to: str | None = None
    from_: str | None = None
    status: str | None = None
    parent_call_sid: str | None = None
    start: Span = field(default_factory=Span)
    end: Span = field(default_factory=Span)


async def get(session: Session, scope: Scope, sid: str) -> CallRow | None:
    """The call ``sid`` when it lies within ``scope``."""
    return await session.scalar(select(CallRow).where(CallRow.sid == sid, scope.covers(CallRow.account_sid)))


async def page(session: Session, scope: Scope, filters: CallFilters, request: PageRequest) -> Page[CallRow]:
    """Calls within ``scope``."""
    query = select(CallRow).where(scope.covers(CallRow.account_sid))
    if filters.to is not None:
        query = query.where(text_matches(CallRow.to, filters.to))
    if filters.from_ is not None:
        query = query.where(text_matches(CallRow.from_, filters.from_))
    if filters.status is not None:
        query = query.where(CallRow.status == filters.status)
    if filters.parent_call_sid is not None:
        query = query.where(CallRow.parent_call_sid == filters.parent_call_sid)
    query = query.where(*filters.start.conditions(CallRow.start_time), *filters.end.conditions(CallRow.end_time))
    sortable = {
        "date_created": CallRow.date_created,
        "from": CallRow.from_,
        "to": CallRow.to,
        "direction": CallRow.direction,
        "status": CallRow.status,
        "duration": CallRow.duration,
        "start_time": CallRow.start_time,
    }
    return await fetch(session, query, request, CallRow.sid, sortable)


async def save(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert or overwrite whole calls, each sid once; the keys are those of ``COLUMNS``."""
    await upsert(connection, CallRow, rows, fixed=_FIXED)


async def unfinished(session: Session, node: str, limit: int) -> Sequence[CallRow]:
    """Calls of a node that have no final status, oldest first: what a crash left behind."""
    query = select(CallRow).where(CallRow.node == node, CallRow.status.in_(_UNFINISHED))
    return (await session.scalars(query.order_by(CallRow.sid).limit(limit))).all()
