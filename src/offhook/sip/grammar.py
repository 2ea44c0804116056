"""Lexical pieces that all SIP headers share (RFC 3261 §25.1): parameters, quoted strings, comma lists, tokens.

Every function is linear in its input: what may not be balanced is refused, never searched for again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from offhook.sip.errors import LocalProtocolError, RemoteProtocolError

Parameters = Mapping[str, str | None]
"""Parameter names in lower case to values without quotes; None for a parameter that has no value."""

NO_PARAMETERS: Final[Parameters] = MappingProxyType({})


def no_parameters() -> Parameters:
    """The one empty mapping, as a default of dataclass fields."""
    return NO_PARAMETERS


TOKEN: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
HOST: Final = re.compile(r"[A-Za-z0-9_.\-]+|\[[0-9A-Fa-f:.]+\]")

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_LIST_PIECE = re.compile(r'[^,"<]++|"(?:[^"\\]|\\.)*+"|<[^>]*+>', re.DOTALL)
_PARAMETER_PIECE = re.compile(r'[^;"]++|"(?:[^"\\]|\\.)*+"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_NEEDS_NO_QUOTES = re.compile(r"[A-Za-z0-9\-.!%*_+`'~\[\]:/@$&]+")
_UNPRESENTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LINE_BREAKING = re.compile(r"[\r\n\x00]")
_BARE_NUL = re.compile(r"(?<!\\)\x00")


def is_token(text: str) -> bool:
    """Whether ``text`` is a token, as methods, option tags and header names must be."""
    return TOKEN.fullmatch(text) is not None


def bare_nul(text: str) -> bool:
    """Whether a NUL stands where none may; a quoted string may hold it behind a backslash (RFC 3261 §25.1)."""
    return "\0" in text and _BARE_NUL.search(text) is not None


def one_line(text: str) -> str:
    """``text`` itself, after making sure that it cannot start a header of its own (header injection)."""
    if _LINE_BREAKING.search(text) and ("\r" in text or "\n" in text or bare_nul(text)):
        raise LocalProtocolError("a header value must not hold a line break or NUL")
    return text


def presentable(text: str) -> str:
    """``text`` for people, forms and tables: control characters and bytes that were no UTF-8 become U+FFFD."""
    return text if text.isprintable() else _UNPRESENTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def quote(text: str) -> str:
    """``text`` as a quoted string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unquote(text: str) -> str:
    """The content of a quoted string; text without quotes is returned as it is."""
    if len(text) >= 2 and text[0] == '"' and text[-1] == '"':
        inner = text[1:-1]
        return _ESCAPE.sub(r"\1", inner) if "\\" in inner else inner
    return text


def leading_quoted(text: str) -> tuple[str, str]:
    """Split ``text``, which starts with a quote, into the content of the quoted string and the rest."""
    match = _QUOTED.match(text)
    if match is None:
        raise RemoteProtocolError("a quoted string is not closed")
    return unquote(match.group()), text[match.end() :]


def split_list(text: str) -> list[str]:
    """Split a header value at commas outside quotes and angle brackets; empty elements are dropped."""
    if "," not in text:
        stripped = text.strip()
        return [stripped] if stripped else []
    pieces = text.split(",") if '"' not in text and "<" not in text else _split(text, _LIST_PIECE, ",")
    return [stripped for piece in pieces if (stripped := piece.strip())]


def parse_parameters(text: str) -> Parameters:
    """Parse ``;a=b;c;d="e"``. The first of two parameters of one name counts; empty ones are ignored."""
    if not text or text.isspace():
        return NO_PARAMETERS
    pieces = text.split(";") if '"' not in text else _split(text, _PARAMETER_PIECE, ";")
    if pieces[0].strip():
        raise RemoteProtocolError(f"unexpected text where parameters were due: {pieces[0].strip()[:40]!r}")
    parameters: dict[str, str | None] = {}
    for piece in pieces:
        name, equals, value = piece.partition("=")
        name = name.strip().lower()
        if not name and not equals:
            continue
        if TOKEN.fullmatch(name) is None:
            raise RemoteProtocolError(f"not the name of a parameter: {name[:40]!r}")
        if name not in parameters:
            parameters[name] = unquote(value.strip()) if equals else None
    return parameters


def format_parameters(parameters: Parameters) -> str:
    """The inverse of ``parse_parameters``; values are quoted where they must be."""
    if not parameters:
        return ""
    written = []
    for name, value in parameters.items():
        if value is None:
            written.append(f";{name}")
        elif _NEEDS_NO_QUOTES.fullmatch(value):
            written.append(f";{name}={value}")
        else:
            written.append(f";{name}={quote(value)}")
    return "".join(written)


def decimal(text: str, what: str, maximum: int = 0xFFFFFFFF) -> int:
    """``text`` as an unsigned number, at most ``maximum``; ``what`` names it in the error."""
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 12) or (number := int(text)) > maximum:
        raise RemoteProtocolError(f"{what} is not a number from 0 to {maximum}: {text[:40]!r}")
    return number


def _split(text: str, piece: re.Pattern[str], separator: str) -> list[str]:
    """Split at ``separator`` where ``piece`` does not cover it; what neither matches is an unclosed quote or bracket."""
    pieces: list[str] = []
    start = position = 0
    end = len(text)
    while position < end:
        if text[position] == separator:
            pieces.append(text[start:position])
            position += 1
            start = position
        else:
            match = piece.match(text, position)
            if match is None:
                raise RemoteProtocolError("a quoted string or angle bracket is not closed")
            position = match.end()
    pieces.append(text[start:])
    return pieces
