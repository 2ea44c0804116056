"""Numbers that are hosted here, and what runs when one is called."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, and_, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from offhook.store.accounts import AccountRow
from offhook.store.applications import ApplicationRow
from offhook.store.base import Long, Short, Sid, SidKey, Table
from offhook.store.filters import text_matches
from offhook.store.paging import Page, PageRequest, fetch
from offhook.store.scope import Scope
from offhook.store.session import Session


class NumberRow(Table, kw_only=True):
    """One number."""

    __tablename__ = "numbers"
    __table_args__ = (
        Index("ix_numbers_account", "account_sid", "sid"),
        Index("ix_numbers_organization_number", "organization_sid", "phone_number", unique=True),
    )

    sid: Mapped[SidKey]
    organization_sid: Mapped[Sid] = mapped_column(ForeignKey("organizations.sid"))
    account_sid: Mapped[Sid] = mapped_column(ForeignKey("accounts.sid"))
    phone_number: Mapped[Long]
    friendly_name: Mapped[Long]
    pure_sip: Mapped[bool] = mapped_column(default=True)
    """Reached by SIP only, not bought from a carrier."""
    api_version: Mapped[Short] = mapped_column(default="2012-04-24")
    voice_url: Mapped[Long | None] = mapped_column(default=None)
    voice_method: Mapped[Short] = mapped_column(default="POST")
    voice_fallback_url: Mapped[Long | None] = mapped_column(default=None)
    voice_fallback_method: Mapped[Short] = mapped_column(default="POST")
    voice_application_sid: Mapped[Sid | None] = mapped_column(
        ForeignKey("applications.sid", ondelete="SET NULL"), default=None
    )
    """Wins over ``voice_url``."""
    voice_caller_id_lookup: Mapped[bool] = mapped_column(default=False)
    status_callback: Mapped[Long | None] = mapped_column(default=None)
    status_callback_method: Mapped[Short] = mapped_column(default="POST")
    sms_url: Mapped[Long | None] = mapped_column(default=None)
    sms_method: Mapped[Short] = mapped_column(default="POST")
    sms_fallback_url: Mapped[Long | None] = mapped_column(default=None)
    sms_fallback_method: Mapped[Short] = mapped_column(default="POST")
    sms_application_sid: Mapped[Sid | None] = mapped_column(
        ForeignKey("applications.sid", ondelete="SET NULL"), default=None
    )
    date_created: Mapped[datetime]
    date_updated: Mapped[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFilters:
    """What a list of numbers may be asked for; ``*`` and ``%`` stand for any text."""

    phone_number: str | None = None
    friendly_name: str | None = None
    application_sid: str | None = None


async def get(session: Session, scope: Scope, sid: str) -> NumberRow | None:
    """The number ``sid`` when it lies within ``scope``."""
    return await session.scalar(select(NumberRow).where(NumberRow.sid == sid, scope.covers(NumberRow.account_sid)))


async def page(session: Session, scope: Scope, filters: NumberFilters, request: PageRequest) -> Page[NumberRow]:
    """Numbers within ``scope``."""
    query = select(NumberRow).where(scope.covers(NumberRow.account_sid))
    if filters.phone_number is not None:
        query = query.where(text_matches(NumberRow.phone_number, filters.phone_number))
    if filters.friendly_name is not None:
        query = query.where(text_matches(NumberRow.friendly_name, filters.friendly_name))
    if filters.application_sid is not None:
        query = query.where(NumberRow.voice_application_sid == filters.application_sid)
    sortable = {
        "date_created": NumberRow.date_created,
        "phone_number": NumberRow.phone_number,
        "friendly_name": NumberRow.friendly_name,
    }
    return await fetch(session, query, request, NumberRow.sid, sortable)


Routed = tuple[NumberRow, AccountRow, ApplicationRow | None]
"""A number with its owner and the application that is linked to it: what routing needs."""


async def dialled(session: Session, organization_sid: str, forms: Iterable[str]) -> list[Routed]:
    """Numbers of an organization in any of these written ``forms``."""
    return await _routed(session, organization_sid, NumberRow.phone_number.in_(list(forms)))


async def names(session: Session, organization_sid: str, limit: int) -> frozenset[str] | None:
    """All numbers of an organization as they are written; None when there are more than ``limit``."""
    query = select(NumberRow.phone_number).where(NumberRow.organization_sid == organization_sid).limit(limit + 1)
    found = frozenset((await session.scalars(query)).all())
    return found if len(found) <= limit else None


async def containing(session: Session, organization_sid: str, signs: Iterable[str]) -> list[Routed]:
    """Numbers of an organization that are reached by SIP only and hold any of ``signs``."""
    marked = or_(*(NumberRow.phone_number.contains(sign, autoescape=True) for sign in signs))
    return await _routed(session, organization_sid, and_(NumberRow.pure_sip, marked))


async def _routed(session: Session, organization_sid: str, condition: ColumnElement[bool]) -> list[Routed]:
    query = (
        select(NumberRow, AccountRow, ApplicationRow)
        .join(AccountRow, AccountRow.sid == NumberRow.account_sid)
        .outerjoin(ApplicationRow, ApplicationRow.sid == NumberRow.voice_application_sid)
        .where(NumberRow.organization_sid == organization_sid, condition)
    )
    return [(number, account, application) for number, account, application in (await session.execute(query)).all()]
