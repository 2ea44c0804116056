"""Applications: a name for what runs on a call, a URL or a document kept here; numbers and clients point to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, select
from sqlalchemy.orm import Mapped, mapped_column

from offhook.store.base import Long, Short, Sid, SidKey, Table
from offhook.store.filters import text_matches
from offhook.store.paging import Page, PageRequest, fetch
from offhook.store.scope import Scope
from offhook.store.session import Session


class ApplicationRow(Table, kw_only=True):
    """One application."""

    __tablename__ = "applications"
    __table_args__ = (Index("ix_applications_account", "account_sid", "sid"),)

    sid: Mapped[SidKey]
    account_sid: Mapped[Sid] = mapped_column(ForeignKey("accounts.sid"))
    friendly_name: Mapped[Long]
    kind: Mapped[Short] = mapped_column(default="voice")
    """``voice``, ``sms`` or ``ussd``."""
    api_version: Mapped[Short] = mapped_column(default="2012-04-24")
    voice_url: Mapped[Long | None] = mapped_column(default=None)
    voice_method: Mapped[Short] = mapped_column(default="POST")
    voice_fallback_url: Mapped[Long | None] = mapped_column(default=None)
    voice_fallback_method: Mapped[Short] = mapped_column(default="POST")
    document: Mapped[Long | None] = mapped_column(default=None, repr=False)
    """An RCML document that runs instead of a URL."""
    voice_caller_id_lookup: Mapped[bool] = mapped_column(default=False)
    status_callback: Mapped[Long | None] = mapped_column(default=None)
    status_callback_method: Mapped[Short] = mapped_column(default="POST")
    sms_url: Mapped[Long | None] = mapped_column(default=None)
    sms_method: Mapped[Short] = mapped_column(default="POST")
    sms_fallback_url: Mapped[Long | None] = mapped_column(default=None)
    sms_fallback_method: Mapped[Short] = mapped_column(default="POST")
    sms_status_callback: Mapped[Long | None] = mapped_column(default=None)
    date_created: Mapped[datetime]
    date_updated: Mapped[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationFilters:
    """What a list of applications may be asked for."""

    friendly_name: str | None = None


async def get(session: Session, scope: Scope, sid: str) -> ApplicationRow | None:
    """The application ``sid`` when it lies within ``scope``."""
    query = select(ApplicationRow).where(ApplicationRow.sid == sid, scope.covers(ApplicationRow.account_sid))
    return await session.scalar(query)


async def page(
    session: Session, scope: Scope, filters: ApplicationFilters, request: PageRequest
) -> Page[ApplicationRow]:
    """Applications within ``scope``."""
    query = select(ApplicationRow).where(scope.covers(ApplicationRow.account_sid))
    if filters.friendly_name is not None:
        query = query.where(text_matches(ApplicationRow.friendly_name, filters.friendly_name))
    sortable = {"date_created": ApplicationRow.date_created, "friendly_name": ApplicationRow.friendly_name}
    return await fetch(session, query, request, ApplicationRow.sid, sortable)
