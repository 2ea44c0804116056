"""SIP, SIPS and tel URIs and the name-addr form around them (RFC 3261 §19.1, §20.10; RFC 3966).

URIs of other schemes are kept as opaque text. Nothing here resolves a host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Self
from urllib.parse import quote as percent_encode
from urllib.parse import unquote as percent_decode

from offhook.sip import grammar
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.grammar import NO_PARAMETERS, Parameters

_SIP_REST = re.compile(
    r"(?:(?P<user>[^@\s<>\"\x00-\x1f\x7f]*)@)?"
    r"(?P<host>[A-Za-z0-9_.\-]+|\[[0-9A-Fa-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<parameters>;[^\s<>\"?@\x00-\x1f\x7f]*)?"
    r"(?:\?(?P<headers>[^\s<>\"@\x00-\x1f\x7f]*))?"
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")
_TEL_NUMBER = re.compile(r"\+?[0-9A-Fa-f*#\-.()]+")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_OPAQUE = re.compile(r"[^\s<>\"\x00-\x1f\x7f]+")
_VISUAL_SEPARATORS = str.maketrans("", "", "-.()")

_USER_SAFE: Final = "-_.!~*'()&=+$,;?/"
_PASSWORD_SAFE: Final = "-_.!~*'()&=+$,"  # noqa: S105 - characters, not a secret
_PARAMETER_SAFE: Final = "-_.!~*'()[]/:&+$"
_HEADER_SAFE: Final = "-_.!~*'()[]/?:+$"

_COMPARED_WHEN_IN_EITHER: Final = ("user", "ttl", "method", "maddr", "transport")
_CACHEABLE_LENGTH: Final = 200
_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
"""Of nearly every URI; one for all, as there may be tens of thousands."""


def _no_headers() -> Mapping[str, str]:
    return _NO_HEADERS


def is_sips(text: str) -> bool:
    """Whether this is a SIPS URI, or a name-addr of one, read no further."""
    return (text.partition("<")[2] or text)[:5].lower() == "sips:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uri:
    """A URI in its parts, escapes undone. ``str(uri)`` writes it with the escapes that its parts need."""

    scheme: str = "sip"
    """Lower case: sip, sips, tel or any other."""
    user: str = ""
    """User part; for tel the number as written; for other schemes everything after the colon, escapes kept."""
    password: str | None = None
    host: str = ""
    """Lower case; an IPv6 address keeps its brackets; empty for tel and other schemes."""
    port: int | None = None
    parameters: Parameters = field(default_factory=grammar.no_parameters, hash=False)
    headers: Mapping[str, str] = field(default_factory=_no_headers, hash=False)

    @classmethod
    def parse(cls, text: str) -> Uri:
        """Read a URI. Raises ``RemoteProtocolError``: 400 for a broken one; unknown schemes are no error here."""
        # Phones repeat their few URIs in every message; long ones are not kept, so the cache stays small.
        return _parse_cached(text) if len(text) <= _CACHEABLE_LENGTH else _parse(text)

    @property
    def is_sip(self) -> bool:
        """Whether this is a sip or sips URI, one that has a host."""
        return self.scheme in ("sip", "sips")

    @property
    def address(self) -> str:
        """``host`` as sockets want it: an IPv6 address without brackets, nor the third colon that the grammar of RFC 3261
        allows before an embedded IPv4 address by mistake (RFC 5118 §4.10).
        """
        return self.host.strip("[]").replace(":::", "::")

    @property
    def transport(self) -> str | None:
        """The transport parameter in lower case: udp, tcp, tls, ws, wss."""
        value = self.parameters.get("transport")
        return value.lower() if value else None

    @property
    def lr(self) -> bool:
        """Whether a route with this URI is a loose router (§19.1.1)."""
        return "lr" in self.parameters

    @property
    def number(self) -> str:
        """The user part as dialled, fit for look-ups and records: without parameters and, for tel, visual separators.

        What no number or login can hold (a NUL, bytes that are no UTF-8) becomes U+FFFD, so it matches nobody's.
        """
        user = grammar.presentable(self.user.partition(";")[0])
        return user.translate(_VISUAL_SEPARATORS) if self.scheme == "tel" else user

    def with_parameters(self, **parameters: str | None) -> Self:
        """A copy with parameters added or replaced."""
        return replace(self, parameters={**self.parameters, **parameters})

    def without_parameters(self, *names: str) -> Self:
        """A copy without the named parameters and without headers."""
        kept = {name: value for name, value in self.parameters.items() if name not in names}
        return replace(self, parameters=kept, headers=_NO_HEADERS)

    @property
    def address_of_record(self) -> Uri:
        """The URI as a key of location tables: scheme, user and host only (§10.3 step 5)."""
        return Uri(scheme=self.scheme, user=self.user, host=self.host, port=self.port)

    def matches(self, other: Uri) -> bool:
        """Compare as §19.1.4 says (not transitive, therefore no ``__eq__``)."""
        if self.scheme != other.scheme:
            return False
        if self.scheme == "tel":
            return self.number == other.number and _lower(self.parameters) == _lower(other.parameters)
        if (self.user, self.password, self.host, self.port) != (other.user, other.password, other.host, other.port):
            return False
        mine, theirs = _lower(self.parameters), _lower(other.parameters)
        for name in mine.keys() | theirs.keys():
            if name in mine and name in theirs:
                if mine[name] != theirs[name]:
                    return False
            elif name in _COMPARED_WHEN_IN_EITHER:
                return False
        return self.headers == other.headers

    def __str__(self) -> str:
        if not self.is_sip:
            return f"{self.scheme}:{self.user}{_write_parameters(self.parameters)}"
        text = f"{self.scheme}:"
        if self.user:
            text += _escape(self.user, _USER_SAFE)
            if self.password is not None:
                text += f":{_escape(self.password, _PASSWORD_SAFE)}"
            text += "@"
        text += self.host
        if self.port is not None:
            text += f":{self.port}"
        text += _write_parameters(self.parameters)
        if self.headers:
            pairs = (
                f"{_escape(name, _HEADER_SAFE)}={_escape(value, _HEADER_SAFE)}" for name, value in self.headers.items()
            )
            text += "?" + "&".join(pairs)
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class NameAddr:
    """An address with its display name and header parameters: From, To, Contact, Route and their like."""

    uri: Uri
    display_name: str = ""
    parameters: Parameters = field(default_factory=grammar.no_parameters, hash=False)

    @classmethod
    def parse(cls, text: str) -> NameAddr:
        """Read ``"Name" <uri>;parameters`` or ``uri;parameters`` (there all parameters are the header's, §20.10)."""
        text = text.strip()
        display_name, rest = "", text
        if text.startswith('"'):
            display_name, rest = grammar.leading_quoted(text)
            rest = rest.lstrip()
            if not rest.startswith("<"):
                raise RemoteProtocolError("a display name is not followed by an address in angle brackets")
        opening = rest.find("<")
        if opening < 0:
            address, semicolon, parameters = rest.partition(";")
            address = address.rstrip()
            if "?" in address or "," in address:
                raise RemoteProtocolError("an address with a question mark or comma needs angle brackets")
            parameters = semicolon + parameters
        else:
            closing = rest.find(">", opening)
            if closing < 0:
                raise RemoteProtocolError("an angle bracket is not closed")
            display_name = display_name or rest[:opening].strip()
            if '"' in rest[:opening]:
                raise RemoteProtocolError("a display name holds an unbalanced quote")
            address, parameters = rest[opening + 1 : closing], rest[closing + 1 :]
        return cls(
            uri=Uri.parse(address),
            display_name=grammar.presentable(display_name),
            parameters=grammar.parse_parameters(parameters) if parameters else NO_PARAMETERS,
        )

    @property
    def tag(self) -> str | None:
        """The tag parameter of From and To."""
        return self.parameters.get("tag")

    def with_tag(self, tag: str) -> Self:
        """A copy that carries ``tag``."""
        return replace(self, parameters={**self.parameters, "tag": tag})

    def with_parameters(self, **parameters: str | None) -> Self:
        """A copy with parameters added or replaced."""
        return replace(self, parameters={**self.parameters, **parameters})

    def __str__(self) -> str:
        name = f"{grammar.quote(self.display_name)} " if self.display_name else ""
        return f"{name}<{self.uri}>{grammar.format_parameters(self.parameters)}"


def _parse(text: str) -> Uri:
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if scheme in ("sip", "sips") and colon:
        return _parse_sip(scheme, rest, text)
    if not colon or _SCHEME.fullmatch(scheme) is None or _OPAQUE.fullmatch(rest) is None:
        raise RemoteProtocolError(f"not a URI: {text[:80]!r}")
    if scheme == "tel":
        number, _, parameters = rest.partition(";")
        if _TEL_NUMBER.fullmatch(number) is None:
            raise RemoteProtocolError(f"not a telephone number: {text[:80]!r}")
        return Uri(scheme=scheme, user=number, parameters=_read_parameters(parameters))
    return Uri(scheme=scheme, user=rest)


_parse_cached = lru_cache(maxsize=1024)(_parse)


def _parse_sip(scheme: str, rest: str, text: str) -> Uri:
    match = _SIP_REST.fullmatch(rest)
    if match is None or ("%" in rest and _BAD_ESCAPE.search(rest)):
        raise RemoteProtocolError(f"not a SIP URI: {text[:80]!r}")
    user, host, port, parameters, headers = match.groups()
    password = None
    if user is not None:
        user, colon, secret = user.partition(":")
        if not user:
            raise RemoteProtocolError(f"a SIP URI with an empty user: {text[:80]!r}")
        user = _unescape(user)
        password = _unescape(secret) if colon else None
    if port is not None and int(port) > 65535:
        raise RemoteProtocolError(f"a port above 65535: {text[:80]!r}")
    return Uri(
        scheme=scheme,
        user=user or "",
        password=password,
        host=host.lower(),
        port=int(port) if port else None,
        parameters=_read_parameters(parameters[1:]) if parameters else NO_PARAMETERS,
        headers=_read_headers(headers) if headers else _NO_HEADERS,
    )


def _read_parameters(text: str) -> Parameters:
    if not text:
        return NO_PARAMETERS
    parameters: dict[str, str | None] = {}
    for piece in text.split(";"):
        name, equals, value = piece.partition("=")
        if name and (name := _unescape(name).lower()) not in parameters:
            parameters[name] = _unescape(value) if equals else None
    return parameters


def _read_headers(text: str) -> dict[str, str]:
    pairs = (piece.partition("=") for piece in text.split("&") if piece)
    return {_unescape(name): _unescape(value) for name, _, value in pairs}


def _write_parameters(parameters: Parameters) -> str:
    written = ""
    for name, value in parameters.items():
        written += f";{_escape(name, _PARAMETER_SAFE)}"
        if value is not None:
            written += f"={_escape(value, _PARAMETER_SAFE)}"
    return written


def _unescape(text: str) -> str:
    return percent_decode(text, errors="surrogateescape") if "%" in text else text


def _escape(text: str, safe: str) -> str:
    return text if text.isalnum() and text.isascii() else percent_encode(text, safe=safe, errors="surrogateescape")


def _lower(parameters: Parameters) -> dict[str, str | None]:
    return {name: value.lower() if value else value for name, value in parameters.items()}
