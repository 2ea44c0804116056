"""Notifications: what went wrong with an application, for the owner of the account to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, mapped_column

from offhook.store.base import Long, Short, Sid, SidKey, Table
from offhook.store.filters import Span, text_contains
from offhook.store.paging import Page, PageRequest, fetch
from offhook.store.scope import Scope
from offhook.store.session import Connection, Session
from offhook.store.upsert import upsert


class NotificationRow(Table, kw_only=True):
    """One notification."""

    __tablename__ = "notifications"
    __table_args__ = (
        Index("ix_notifications_account", "account_sid", "sid"),
        Index("ix_notifications_call", "call_sid"),
    )

    sid: Mapped[SidKey]
    account_sid: Mapped[Sid]
    call_sid: Mapped[Sid | None] = mapped_column(default=None)
    log: Mapped[Short]
    """``0`` error, ``1`` warning."""
    error_code: Mapped[int]
    message_text: Mapped[Long]
    message_date: Mapped[datetime]
    request_url: Mapped[Long | None] = mapped_column(default=None)
    request_method: Mapped[Short | None] = mapped_column(default=None)
    request_variables: Mapped[Long | None] = mapped_column(default=None)
    response_headers: Mapped[Long | None] = mapped_column(default=None)
    response_body: Mapped[Long | None] = mapped_column(default=None)
    date_created: Mapped[datetime]
    date_updated: Mapped[datetime]
    api_version: Mapped[Short] = mapped_column(default="2012-04-24")


_FIXED: Final = frozenset({"sid", "account_sid", "date_created"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationFilters:
    """What a list of notifications may be asked for; texts match as parts."""

    call_sid: str | None = None
    log: str | None = None
    error_code: int | None = None
    request_url: str | None = None
    message_text: str | None = None
    message: Span = field(default_factory=Span)


async def get(session: Session, scope: Scope, sid: str) -> NotificationRow | None:
    """The notification ``sid`` when it lies within ``scope``."""
    query = select(NotificationRow).where(NotificationRow.sid == sid, scope.covers(NotificationRow.account_sid))
    return await session.scalar(query)


async def page(
    session: Session, scope: Scope, filters: NotificationFilters, request: PageRequest
) -> Page[NotificationRow]:
    """Notifications within ``scope``."""
    query = select(NotificationRow).where(scope.covers(NotificationRow.account_sid))
    if filters.call_sid is not None:
        query = query.where(NotificationRow.call_sid == filters.call_sid)
    if filters.log is not None:
        query = query.where(NotificationRow.log == filters.log)
    if filters.error_code is not None:
        query = query.where(NotificationRow.error_code == filters.error_code)
    if filters.request_url is not None:
        query = query.where(text_contains(NotificationRow.request_url, filters.request_url))
    if filters.message_text is not None:
        query = query.where(text_contains(NotificationRow.message_text, filters.message_text))
    query = query.where(*filters.message.conditions(NotificationRow.message_date))
    sortable = {
        "date_created": NotificationRow.date_created,
        "log": NotificationRow.log,
        "error_code": NotificationRow.error_code,
        "call_sid": NotificationRow.call_sid,
        "message_text": NotificationRow.message_text,
    }
    return await fetch(session, query, request, NotificationRow.sid, sortable)


async def save(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert notifications; keys are column names. To repeat it is harmless."""
    await upsert(connection, NotificationRow, rows, fixed=_FIXED)
