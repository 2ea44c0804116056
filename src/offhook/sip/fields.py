"""The header lines of a message: an ordered index of raw lines that keeps what it does not understand byte for byte.

Names are matched without case and through their compact forms (RFC 3261 §7.3.3). Values are cut out of their lines only when asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from offhook.sip import grammar
from offhook.sip.errors import LocalProtocolError, RemoteProtocolError

MAX_HEADER_LINES: Final = 1000
"""More header lines than this are refused (413): no legitimate message comes near."""

_COMPACT: Final = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}

_COMMON: Final = (  # noqa: SIM905 - a list literal would take sixty lines
    "Via From To Call-ID CSeq Contact Max-Forwards Content-Type Content-Length Route Record-Route Expires Allow Supported "
    "Require Proxy-Require Unsupported User-Agent Server Authorization Proxy-Authorization WWW-Authenticate Proxy-Authenticate "
    "Reason Subject Date Timestamp Accept Accept-Encoding Accept-Language Allow-Events Event Refer-To Referred-By Replaces "
    "Session-Expires Min-SE Min-Expires Retry-After Warning Organization Priority Privacy P-Asserted-Identity "
    "P-Preferred-Identity Remote-Party-ID Diversion RAck RSeq Path Service-Route Content-Disposition Call-Info Alert-Info "
    "Error-Info User-to-User Subscription-State History-Info"
).split()

# Names as they are usually spelt, so that one dict look-up replaces lower-casing and checking.
_KEYS: Final = {
    **{name: name.lower() for name in _COMMON},
    **{name.lower(): name.lower() for name in _COMMON},
    **{name.upper(): name.lower() for name in _COMMON},
    **_COMPACT,
    **{letter.upper(): name for letter, name in _COMPACT.items()},
}

_FOLD: Final = re.compile(r"[ \t]*+(?:\r\n[ \t]++)+")


def key_of(name: str) -> str:
    """The name under which a header is indexed: lower case, compact forms spelt out."""
    key = _KEYS.get(name)
    if key is not None:
        return key
    lowered = name.lower()
    return _KEYS.get(lowered, lowered)


def index_lines(lines: list[str]) -> list[str]:
    """The key of every line. Joins folded lines in place. Raises ``RemoteProtocolError`` for what is no header line."""
    if len(lines) > MAX_HEADER_LINES:
        raise RemoteProtocolError(f"more than {MAX_HEADER_LINES} header lines", 413)
    keys: list[str] = []
    known = _KEYS
    folded = False
    for line in lines:
        name, colon, _ = line.partition(":")
        key = known.get(name)
        if key is None or not colon:
            if line[:1] in (" ", "\t"):
                folded = True
                key = ""
            else:
                name = name.rstrip(" \t")
                if not colon or not grammar.is_token(name):
                    raise RemoteProtocolError(f"not a header line: {line[:80]!r}")
                key = key_of(name)
        keys.append(key)
    return _unfold(lines, keys) if folded else keys


def _unfold(lines: list[str], keys: list[str]) -> list[str]:
    """Append each continuation to its line, with the line break, so that raw lines stay what they were."""
    if not keys[0]:
        raise RemoteProtocolError("the first header line is a continuation")
    starts = [position for position, key in enumerate(keys) if key]
    ends = [*starts[1:], len(lines)]
    lines[:] = ["\r\n".join(lines[start:end]) for start, end in zip(starts, ends, strict=True)]
    return [keys[start] for start in starts]


class Fields:
    """Header lines in order, of a message being read or written."""

    __slots__ = ("_cache", "_keys", "_lines")

    def __init__(self, keys: list[str], lines: list[str]) -> None:
        """``keys`` are what ``key_of`` makes of the names of ``lines``, which stand as they do on the wire."""
        self._keys = keys
        self._lines = lines
        self._cache: dict[str, object] = {}
        """Typed values by key, until the header changes."""

    def get(self, name: str) -> str | None:
        """The value of the first line of a header, unfolded; a comma list stays one value."""
        try:
            return _value(self._lines[self._keys.index(key_of(name))])
        except ValueError:
            return None

    def lines(self, name: str) -> list[str]:
        """The value of every line of a header, in order, not split at commas."""
        key = key_of(name)
        if key not in self._keys:
            return []
        return [_value(line) for line, other in zip(self._lines, self._keys, strict=True) if other == key]

    def values(self, name: str) -> list[str]:
        """All values of a header whose lines are comma lists (Supported, Require, Allow, Route …)."""
        return [value for line in self.lines(name) for value in grammar.split_list(line)]

    def names(self) -> list[str]:
        """Keys of all header lines (lower case, long form), in order."""
        return list(self._keys)

    def items(self) -> list[tuple[str, str]]:
        """Name as it is written and value of every line, in order."""
        return [(_name(line), _value(line)) for line in self._lines]

    def __contains__(self, name: str) -> bool:
        return key_of(name) in self._keys

    def extension_headers(self) -> dict[str, str]:
        """``X-*`` headers: name as it is written to value (``grammar.presentable``), the first of each name."""
        found: dict[str, str] = {}
        seen: set[str] = set()
        for key, line in zip(self._keys, self._lines, strict=True):
            if key.startswith("x-") and key not in seen:
                seen.add(key)
                found[_name(line)] = grammar.presentable(_value(line))
        return found

    def add(self, name: str, value: object) -> None:
        """Append a line. Raises ``LocalProtocolError`` when name or value could break out of it."""
        self._insert(len(self._keys), name, value)

    def prepend(self, name: str, value: object) -> None:
        """Put a line before all others: a Via, or a route."""
        self._insert(0, name, value)

    def replace_first(self, name: str, value: object) -> None:
        """Replace the first line of a header, or append one."""
        key, line = _line(name, value)
        if key in self._keys:
            self._lines[self._keys.index(key)] = line
        else:
            self._keys.append(key)
            self._lines.append(line)
        self._cache.pop(key, None)

    def remove(self, name: str) -> None:
        """Remove all lines of a header."""
        key = key_of(name)
        if key in self._keys:
            self._lines = [line for line, other in zip(self._lines, self._keys, strict=True) if other != key]
            self._keys = [other for other in self._keys if other != key]
            self._cache.pop(key, None)

    def _insert(self, position: int, name: str, value: object) -> None:
        key, line = _line(name, value)
        self._keys.insert(position, key)
        self._lines.insert(position, line)
        self._cache.pop(key, None)


def written(headers: Iterable[tuple[str, object]]) -> tuple[list[str], list[str]]:
    """Keys and lines of headers to be sent. Raises ``LocalProtocolError`` for one that could break out of its line."""
    keys: list[str] = []
    lines: list[str] = []
    for name, value in headers:
        key, line = _line(name, value)
        keys.append(key)
        lines.append(line)
    return keys, lines


def _name(line: str) -> str:
    return line.partition(":")[0].rstrip(" \t")


def _value(line: str) -> str:
    value = line.partition(":")[2].strip()
    return _FOLD.sub(" ", value) if "\n" in value else value


def _line(name: str, value: object) -> tuple[str, str]:
    key = _KEYS.get(name)
    if key is None:
        if not grammar.is_token(name):
            raise LocalProtocolError(f"not a header name: {name!r}")
        key = key_of(name)
    return key, f"{name}: {grammar.one_line(str(value))}"
