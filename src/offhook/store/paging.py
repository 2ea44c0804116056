"""Pages of a list: which one is asked for, in which order, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute

from offhook.store.session import Session

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """By which attribute of the row, and which way."""

    by: str
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """Page ``number`` (from 0) of ``size`` rows (1..1000).

    ``after_sid``, the last sid of the page before, keeps pages stable while rows arrive: honoured in the default order.
    """

    number: int = 0
    size: int = 50
    order: Order | None = None
    """None: newest first."""
    after_sid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """The rows, and how many there are in all pages."""

    rows: Sequence[Row]
    total: int
    request: PageRequest
    more: bool
    """Whether another page follows."""

    @property
    def start(self) -> int:
        """Index of the first row."""
        return self.request.number * self.request.size


class UnknownOrder(ValueError):
    """The list cannot be sorted by this; the message names what it can be sorted by."""


async def fetch(
    session: Session,
    query: Select[Row],
    request: PageRequest,
    sid: InstrumentedAttribute[str],
    sortable: Mapping[str, InstrumentedAttribute[Any]],
) -> Page[Row]:
    """The page of ``query`` that ``request`` names. Ties are broken by sid, so that the order is total.

    ``sortable`` gives the column of each attribute that ``request.order`` may name. Raises ``UnknownOrder``.
    """
    total = await session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    offset = request.number * request.size
    order = request.order
    if order is None:
        if request.after_sid is not None:
            query, offset = query.where(sid < request.after_sid), 0
        query = query.order_by(sid.desc())
    elif (column := sortable.get(order.by)) is None:
        raise UnknownOrder(f"The list cannot be sorted by {order.by!r}, only by {', '.join(sorted(sortable))}.")
    else:
        query = query.order_by(column.desc(), sid.desc()) if order.descending else query.order_by(column, sid)
    # One more tells whether a page follows; to count does not, when rows went away since the page before.
    rows = (await session.scalars(query.offset(offset).limit(request.size + 1))).all()
    return Page(rows=rows[: request.size], total=total, request=request, more=len(rows) > request.size)
