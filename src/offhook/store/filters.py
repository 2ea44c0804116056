"""Conditions that lists are asked with: text exact or by prefix or part, moments before and after, days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import InstrumentedAttribute

Row = TypeVar("Row")
_ESCAPE = "\\"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From a moment on, up to a moment, on a day: as ``StartTime>=``, ``StartTime<=`` and ``StartTime`` ask. All must hold.

    A day given for ``since`` begins it, a day given for ``until`` ends with it; days are UTC.
    """

    since: datetime | date | None = None
    until: datetime | date | None = None
    on: date | None = None

    def conditions(self, column: InstrumentedAttribute[Any]) -> list[ColumnElement[bool]]:
        """What ``column`` must fulfil."""
        found: list[ColumnElement[bool]] = []
        if self.since is not None:
            found.append(column >= _first_moment(self.since))
        match self.until:
            case None:
                pass
            case datetime():
                found.append(column <= self.until)
            case _:
                found.append(column < _first_moment(self.until) + timedelta(days=1))
        if self.on is not None:
            found += [column >= _first_moment(self.on), column < _first_moment(self.on) + timedelta(days=1)]
        return found


def text_matches(column: InstrumentedAttribute[Any], pattern: str) -> ColumnElement[bool]:
    """Equality; ``%`` (or ``*``) in ``pattern`` stands for any text, as in ``4937%``. Nothing else is special.

    With ``%``, capitals do not matter: LIKE alone would tell them apart on PostgreSQL and not on SQLite.
    """
    pattern = pattern.replace("*", "%")
    if "%" not in pattern:
        return column == pattern
    escaped = pattern.replace(_ESCAPE, _ESCAPE * 2).replace("_", _ESCAPE + "_")
    return column.ilike(escaped, escape=_ESCAPE)


def text_contains(column: InstrumentedAttribute[Any], part: str) -> ColumnElement[bool]:
    """``part`` occurs somewhere, taken literally but for capitals."""
    return column.icontains(part, autoescape=True)


def narrowed(query: Select[Row], conditions: list[ColumnElement[bool]]) -> Select[Row]:
    """``query`` with all of ``conditions``."""
    return query.where(*conditions) if conditions else query


def _first_moment(value: datetime | date) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time(), UTC)
