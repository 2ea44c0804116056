"""Pages of a list: what the client asks for, and the links that it follows from there.

A page begins after the last record of the one before (``PageToken``, ``AfterSid``), so records made meanwhile neither
repeat nor hide others. Page numbers without such a token count from the newest record.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from offhook.api.dialect import Dialect, Rendering
from offhook.api.errors import BadParameter, Code
from offhook.api.wire.bodies import Json, link
from offhook.api.wire.forms import Pairs, decode, parameter
from offhook.store.paging import Order, Page, PageRequest
from offhook.vocabulary.sids import is_sid

_POSITION: Final = frozenset({"Page", "PageSize", "PageToken", "AfterSid"})
_DEEPEST: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Which page of a list is wanted."""

    page: int = parameter("Number of the page, from 0.", default=0)
    page_size: int | None = parameter("Records per page, 1 to 1000; 50 by default.", default=None)
    page_token: str | None = parameter("Where the page begins, as next_page_uri gives it (2010-04-01).", default=None)
    after_sid: str | None = parameter("Where the page begins, as next_page_uri gives it (2012-04-24).", default=None)
    sort_by: str | None = parameter("Attribute and direction, such as DateCreated:asc.", default=None)


def wanted(pairs: Pairs, *, size: int, limit: int) -> PageRequest:
    """The page that a query asks for. A size beyond ``limit`` becomes ``limit``. Raises ``BadParameter``."""
    asked = decode(Paging, pairs)
    chosen = size if asked.page_size is None else asked.page_size
    if chosen < 1:
        raise BadParameter(Code.PAGE_SIZE, f"Parameter PageSize {chosen} must be 1 to {limit}")
    if not 0 <= asked.page <= _DEEPEST:
        raise BadParameter(Code.INVALID_PARAMETER, f"Parameter Page {asked.page} must be 0 to {_DEEPEST}")
    after = asked.after_sid or (asked.page_token or "").removeprefix("PA") or None
    if after is not None and not is_sid(after):
        raise BadParameter(Code.INVALID_PARAMETER, "Parameter PageToken is not one that next_page_uri gave")
    return PageRequest(number=asked.page, size=min(chosen, limit), order=_order(asked.sort_by), after_sid=after)


def _order(text: str | None) -> Order | None:
    if not text:
        return None
    attribute, _, direction = text.partition(":")
    if direction.lower() not in {"", "asc", "desc"}:
        raise BadParameter(Code.INVALID_PARAMETER, f"Parameter SortBy: the direction {direction!r} must be asc or desc")
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", attribute).lower()
    return Order(by=snake, descending=direction.lower() == "desc")


def fields(page: Page[Any], path: str, pairs: Pairs, rendering: Rendering) -> dict[str, Json]:
    """The paging keys of a list at ``path`` that was asked for with ``pairs``, in the dialect of ``rendering``."""
    number, size = page.request.number, page.request.size
    others = [(name, value) for name, value in pairs if name not in _POSITION]

    def to(wanted_number: int, after: str | None = None) -> str:
        query = [*others, ("PageSize", str(size)), ("Page", str(wanted_number))]
        if after is not None:
            token = ("PageToken", f"PA{after}") if rendering.dialect is Dialect.TWILIO else ("AfterSid", after)
            query.append(token)
        return link(f"{path}?{urlencode(query)}", rendering)

    # A sorted list has no stable place to go on from but the number of the page.
    last_sid = page.rows[-1].sid if page.rows and page.request.order is None else None
    common: dict[str, Json] = {
        "page": number,
        "page_size": size,
        "start": page.start,
        "end": page.start + max(len(page.rows) - 1, 0),
        "uri": to(number),
        "first_page_uri": to(0),
        "next_page_uri": to(number + 1, last_sid) if page.more and page.rows else None,
        "previous_page_uri": to(number - 1) if number else None,
    }
    if rendering.dialect is Dialect.TWILIO:
        return common
    pages = -(-page.total // size)
    return {**common, "total": page.total, "num_pages": pages, "last_page_uri": to(max(pages - 1, 0))}
