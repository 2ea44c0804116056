"""Filters that several lists share: days and moments with ``<`` and ``>`` in the parameter's name."""

from __future__ import annotations

from datetime import date, datetime

from offhook.store.filters import Span


def span(*, on: date | None = None, since: date | None = None, until: date | None = None) -> Span:
    """``on`` means the whole day, also when a moment was given; the two others include what they name."""
    return Span(on=on.date() if isinstance(on, datetime) else on, since=since, until=until)
