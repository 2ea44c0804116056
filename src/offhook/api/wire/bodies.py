"""Resources as response bodies: a dataclass becomes the JSON and the XML of either dialect.

The dataclass is the specification: field names give element names, types and marks give their notation. Fields of the
body are ``str``, ``int``, ``float``, ``bool``, ``datetime``, ``Mapping[str, str]`` (links) or another body, or None.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import Enum, auto
from functools import cache
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints
from xml.sax.saxutils import escape, quoteattr

from offhook.api.dialect import Dialect, Format, Rendering
from offhook.api.wire.names import pascal, snake

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


class Mark(Enum):
    """Where a field departs from what its type says."""

    LINK = auto()
    """A path below the base; rendered with the base in front and the format behind."""
    MEDIA = auto()
    """A path below the base that names a file; rendered with the base in front, absolute in the 2010-04-01 dialect."""
    TEXT_IN_TWILIO = auto()
    """A number that the 2010-04-01 dialect writes as a string."""
    ISO_IN_RESTCOMM = auto()
    """A moment that the 2012-04-24 dialect writes in ISO 8601."""
    ONLY_TWILIO = auto()
    ONLY_RESTCOMM = auto()


Link = Annotated[str, Mark.LINK]
Links = Annotated[Mapping[str, str], Mark.LINK]
MediaLink = Annotated[str | None, Mark.MEDIA]
Quantity = Annotated[int | None, Mark.TEXT_IN_TWILIO]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """How a kind of resource is called on the wire."""

    element: str
    """XML element of one: ``Call``."""
    many: str
    """XML element around several: ``Calls``."""
    key: str
    """JSON key of a list in the 2010-04-01 dialect: ``calls``."""
    restcomm_key: str | None = None
    """JSON key of a list in the 2012-04-24 dialect, where it differs."""
    bare: bool = False
    """Lists are bare arrays in the 2012-04-24 dialect."""

    def list_key(self, dialect: Dialect) -> str:
        """JSON key of a list."""
        return self.restcomm_key if dialect is Dialect.RESTCOMM and self.restcomm_key else self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One field of a body."""

    attribute: str
    json_name: str
    hint: Any
    marks: frozenset[Mark]

    def shown(self, dialect: Dialect) -> bool:
        """Whether ``dialect`` has this field."""
        hidden = Mark.ONLY_TWILIO if dialect is Dialect.RESTCOMM else Mark.ONLY_RESTCOMM
        return hidden not in self.marks


@cache
def entries_of(body: type) -> tuple[Entry, ...]:
    """The fields that ``body``, a dataclass, is written with."""
    hints = get_type_hints(body, include_extras=True)
    return tuple(_entry(each.name, hints[each.name]) for each in fields(body))


def _entry(name: str, hint: Any) -> Entry:
    marks: set[Mark] = set()
    while get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        marks.update(extra for extra in extras if isinstance(extra, Mark))
    return Entry(attribute=name, json_name=snake(name), hint=hint, marks=frozenset(marks))


def tree(body: Any, rendering: Rendering) -> dict[str, Json]:
    """``body`` as the mapping that both notations are made of."""
    return {
        entry.json_name: _plain(getattr(body, entry.attribute), entry.marks, rendering)
        for entry in entries_of(type(body))  # type: ignore[arg-type] # classes are hashable
        if entry.shown(rendering.dialect)
    }


def _plain(value: Any, marks: frozenset[Mark], rendering: Rendering) -> Json:
    match value:
        case None | bool():
            return value
        case datetime():
            return moment(value, rendering.dialect, iso=Mark.ISO_IN_RESTCOMM in marks)
        case int() | float():
            return f"{value}" if Mark.TEXT_IN_TWILIO in marks and rendering.dialect is Dialect.TWILIO else value
        case str() if Mark.LINK in marks:
            return link(value, rendering)
        case str() if Mark.MEDIA in marks:
            # Clients of the 2010-04-01 dialect request it as it is, without the base that they put before other links.
            origin = rendering.origin if rendering.dialect is Dialect.TWILIO else ""
            return origin + rendering.dialect.base + value
        case str():
            return str(value)
        case Mapping():
            return {key: _plain(item, marks, rendering) for key, item in value.items()}
        case tuple() | list():
            return [_plain(item, marks, rendering) for item in value]
        case _:
            return tree(value, rendering)


def link(path: str, rendering: Rendering) -> str:
    """A path below the base as clients follow it: host-relative, and in the notation of this response."""
    bare, question, query = path.partition("?")
    suffix = ".json" if rendering.format is Format.JSON else ".xml" if rendering.dialect is Dialect.TWILIO else ""
    return f"{rendering.dialect.base}{bare}{suffix}{question}{query}"


def moment(value: datetime, dialect: Dialect, *, iso: bool = False) -> str:
    """A moment in UTC, to the second: RFC 2822, without a leading zero of the day in the 2012-04-24 dialect; or ISO 8601."""
    value = (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    match dialect:
        case Dialect.RESTCOMM if iso:
            return value.strftime("%Y-%m-%dT%H:%M:%SZ")
        case Dialect.RESTCOMM:
            text = format_datetime(value)
            return f"{text[:5]}{value.day}{text[7:]}"
        case Dialect.TWILIO:
            return format_datetime(value)


_ROOTS: Final = {Dialect.RESTCOMM: "RestcommResponse", Dialect.TWILIO: "TwilioResponse"}
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may contain, not even escaped."""


def json_bytes(value: Json) -> bytes:
    """Compact JSON; a lone surrogate, which UTF-8 cannot carry, becomes a question mark."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8", "replace")


def xml_bytes(content: str, dialect: Dialect) -> bytes:
    """``content`` inside the root element of the dialect."""
    root = _ROOTS[dialect]
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>{content}</{root}>\n'.encode("utf-8", "replace")


def element(name: str, value: Json, attributes: Mapping[str, Json] | None = None) -> str:
    """An XML element; names of what it contains are spelt in Pascal case."""
    start = name + "".join(f" {key}={quoteattr(_text(item))}" for key, item in (attributes or {}).items())
    match value:
        case None | "":
            return f"<{start}/>"
        case str() | bool() | int() | float():
            return f"<{start}>{escape(_text(value))}</{name}>"
        case Mapping():
            inner = "".join(element(pascal(key), item) for key, item in value.items())
            return f"<{start}>{inner}</{name}>"
        case _:
            inner = "".join(element(name.removesuffix("s"), item) for item in value)
            return f"<{start}>{inner}</{name}>"


def _text(value: Json) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case _:
            return _NOT_XML.sub("", str(value))
