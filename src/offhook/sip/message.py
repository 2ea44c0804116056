"""SIP messages (RFC 3261 §7): a start line and an index of header lines; typed values are made when they are asked for.

Header lines that nobody touches leave as they came, byte for byte. Nothing here decides what a message means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from offhook.sip import grammar
from offhook.sip.errors import LocalProtocolError, RemoteProtocolError
from offhook.sip.reasons import REASONS
from offhook.sip.uri import NameAddr, Uri
from offhook.sip.via import Via

MAX_HEAD: Final = 65_536
"""Bytes of start line and headers."""
MAX_BODY: Final = 65_536
"""Bytes of body: SDP and the small bodies of INFO and MESSAGE."""
MAX_FIELDS: Final = 256

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
_VERSION: Final = "SIP/2.0"
_RESPONSE_LINE: Final = re.compile(r"SIP/2\.0 ([1-6][0-9]{2}) ?(.*)", re.IGNORECASE | re.DOTALL)
_CALL_ID: Final = re.compile(r"[^\s,;]{1,512}")
_CSEQ: Final = re.compile(r"([0-9]{1,10})[ \t]+([A-Za-z0-9\-.!%*_+`'~]+)")
_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")

MessageT = TypeVar("MessageT", bound="Message")
Fields = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class CSeq:
    """Sequence number and method (§20.16)."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> CSeq:
        match = _CSEQ.fullmatch(text.strip())
        if match is None or (number := int(match[1])) >= 1 << 31:
            raise RemoteProtocolError(f"not a CSeq: {text[:40]!r}")
        return cls(number, match[2])

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


class Message:
    """What requests and responses share: header fields in order, and a body."""

    __slots__ = ("_cache", "_lines", "body")

    def __init__(self, lines: list[tuple[str, str]], body: bytes) -> None:
        """``lines`` are (key, line) with the key in lower case and long form, the line as it stands on the wire."""
        self._lines = lines
        self._cache: dict[str, object] = {}
        self.body = body

    # -- reading ----------------------------------------------------------------------------------------------------

    def lines(self, name: str) -> list[str]:
        """The values of all header lines of that name, unfolded, in order, not split at commas."""
        key = name.lower()
        return [_value(line) for found, line in self._lines if found == key]

    def get(self, name: str) -> str | None:
        """The value of the first header line of that name."""
        key = name.lower()
        for found, line in self._lines:
            if found == key:
                return _value(line)
        return None

    def values(self, name: str) -> list[str]:
        """The values of a header whose lines are comma lists (Supported, Require, Allow, Route …)."""
        return [value for line in self.lines(name) for value in grammar.split_list(line)]

    def names(self) -> list[str]:
        """Keys of all header lines, in order."""
        return [key for key, _ in self._lines]

    def extension_headers(self) -> dict[str, str]:
        """``X-*`` headers as they are written, the first of each name."""
        found: dict[str, str] = {}
        for key, line in self._lines:
            if key.startswith("x-"):
                found.setdefault(line.partition(":")[0].strip(), _value(line))
        return found

    @property
    def via(self) -> Via:
        """The topmost Via. Raises ``RemoteProtocolError`` when there is none."""
        cached = self._cache.get("via")
        if not isinstance(cached, Via):
            values = self.lines("via")
            if not values:
                raise RemoteProtocolError("there is no Via header")
            cached = self._cache["via"] = Via.parse(grammar.split_list(values[0])[0] if values[0] else "")
        return cached

    @property
    def from_(self) -> NameAddr:
        return self._address("from")

    @property
    def to(self) -> NameAddr:
        return self._address("to")

    @property
    def from_tag(self) -> str:
        return self.from_.tag or ""

    @property
    def to_tag(self) -> str:
        return self.to.tag or ""

    @property
    def call_id(self) -> str:
        cached = self._cache.get("call-id")
        if not isinstance(cached, str):
            cached = self.get("call-id")
            if cached is None or _CALL_ID.fullmatch(cached) is None:
                raise RemoteProtocolError("the Call-ID is missing or not one word")
            self._cache["call-id"] = cached
        return cached

    @property
    def cseq(self) -> CSeq:
        cached = self._cache.get("cseq")
        if not isinstance(cached, CSeq):
            text = self.get("cseq")
            if text is None:
                raise RemoteProtocolError("there is no CSeq header")
            cached = self._cache["cseq"] = CSeq.parse(text)
        return cached

    @property
    def contacts(self) -> list[NameAddr]:
        """Contact addresses; the wildcard ``*`` is an address with scheme ``*``."""
        return [
            NameAddr(uri=Uri(scheme="*")) if value == "*" else NameAddr.parse(value) for value in self.values("contact")
        ]

    @property
    def contact(self) -> NameAddr | None:
        """The first Contact."""
        contacts = self.contacts
        return contacts[0] if contacts else None

    @property
    def routes(self) -> list[NameAddr]:
        return [NameAddr.parse(value) for value in self.values("route")]

    @property
    def record_routes(self) -> list[NameAddr]:
        return [NameAddr.parse(value) for value in self.values("record-route")]

    @property
    def content_type(self) -> str:
        """Media type in lower case without parameters; empty when there is none."""
        return (self.get("content-type") or "").partition(";")[0].strip().lower()

    @property
    def expires(self) -> int | None:
        """Seconds; None when absent or unreadable (§20.19 says to ignore those)."""
        return self._number("expires")

    @property
    def max_forwards(self) -> int | None:
        text = self.get("max-forwards")
        return None if text is None else grammar.decimal(text, "Max-Forwards", 255)

    @property
    def sdp(self) -> bytes | None:
        """The session description, also when it is a part of a multipart body; None without one."""
        if not self.body:
            return None
        kind = self.content_type
        if kind in ("application/sdp", ""):
            return self.body
        return _sdp_part(self.get("content-type") or "", self.body) if kind.startswith("multipart/") else None

    def _number(self, name: str) -> int | None:
        text = self.get(name)
        if text is None or not text.isascii() or not text.isdigit() or len(text) > 10:
            return None
        return min(int(text), 0xFFFFFFFF)

    def _address(self, key: str) -> NameAddr:
        cached = self._cache.get(key)
        if not isinstance(cached, NameAddr):
            text = self.get(key)
            if text is None:
                raise RemoteProtocolError(f"there is no {key.capitalize()} header")
            cached = self._cache[key] = NameAddr.parse(text)
        return cached

    # -- changing ---------------------------------------------------------------------------------------------------

    def add(self, name: str, value: object) -> None:
        """Append a header line."""
        self._lines.append((name.lower(), f"{name}: {grammar.one_line(str(value))}"))
        self._cache.pop(name.lower(), None)

    def replace_first(self, name: str, value: object) -> None:
        """Replace the first header line of that name, or append one."""
        key = name.lower()
        self._cache.pop(key, None)
        for index, (found, _) in enumerate(self._lines):
            if found == key:
                self._lines[index] = (key, f"{name}: {grammar.one_line(str(value))}")
                return
        self.add(name, value)

    def remove(self, name: str) -> None:
        """Remove all header lines of that name."""
        key = name.lower()
        self._cache.pop(key, None)
        self._lines = [line for line in self._lines if line[0] != key]

    def replace_top_via(self, via: Via) -> None:
        """Replace the topmost Via value and keep the others of its line."""
        first = self.get("via") or ""
        others = grammar.split_list(first)[1:]
        self.replace_first("Via", ", ".join([str(via), *others]))
        self._cache["via"] = via

    # -- writing ----------------------------------------------------------------------------------------------------

    def start_line(self) -> str:
        raise NotImplementedError

    def __bytes__(self) -> bytes:
        lines = [self.start_line()]
        lines += [line for key, line in self._lines if key != "content-length"]
        lines.append(f"Content-Length: {len(self.body)}\r\n\r\n")
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body


class Request(Message):
    """A SIP request."""

    __slots__ = ("method", "uri")

    def __init__(self, method: str, uri: str, lines: list[tuple[str, str]], body: bytes = b"") -> None:
        super().__init__(lines, body)
        self.method = method
        self.uri = uri
        """Request-URI as it stands on the wire; ``target`` is the parsed one."""

    @classmethod
    def build(cls, method: str, uri: str, headers: Fields, body: bytes = b"") -> Request:
        """A request with these headers, in order."""
        if not grammar.is_token(method):
            raise LocalProtocolError(f"not a method: {method!r}")
        return cls(method, grammar.one_line(uri), _lines_of(headers), body)

    @property
    def target(self) -> Uri:
        """The Request-URI."""
        return Uri.parse(self.uri)

    def response(
        self, status: int, reason: str = "", *, to_tag: str = "", headers: Fields = (), body: bytes = b""
    ) -> Response:
        """A response to this request (§8.2.6.2): Via, From, To, Call-ID and CSeq are those of the request.

        Record-Route goes into responses that make a dialog (§12.1.1). ``to_tag`` is added unless To has one.
        """
        lines = [line for line in self._lines if line[0] in _COPIED]
        if 100 < status < 300:
            lines += [line for line in self._lines if line[0] == "record-route"]
        if to_tag and status != 100 and self.to.tag is None:
            tagged = f"To: {self.get('to')};tag={to_tag}"
            lines = [("to", tagged) if key == "to" else (key, line) for key, line in lines]
        lines += _lines_of(headers)
        return Response(status, reason or REASONS.get(status, "Unknown"), lines, body)

    def start_line(self) -> str:
        return f"{self.method} {self.uri} {_VERSION}"

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.uri[:60]}>"


_COPIED: Final = frozenset({"via", "from", "to", "call-id", "cseq"})


class Response(Message):
    """A SIP response."""

    __slots__ = ("reason", "status")

    def __init__(self, status: int, reason: str, lines: list[tuple[str, str]], body: bytes = b"") -> None:
        super().__init__(lines, body)
        self.status = status
        self.reason = grammar.one_line(reason)

    def start_line(self) -> str:
        return f"{_VERSION} {self.status} {self.reason}"

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.reason[:40]}>"


def parse(data: bytes, *, stream: bool = False) -> Request | Response:
    """Read one message. In a datagram Content-Length may be absent or smaller than what came (§18.3).

    Raises ``RemoteProtocolError``.
    """
    data = data.lstrip(b"\r\n")
    end = _HEAD_END.search(data, 0, MAX_HEAD + 4)
    if end is None:
        if len(data) > MAX_HEAD:
            raise RemoteProtocolError("the headers are too long", 513)
        head, body = data, b""
    else:
        head, body = data[: end.start()], data[end.end() :]
    text = head.decode("utf-8", "surrogateescape")
    start, _, rest = text.partition("\n")
    start = start.rstrip("\r")
    lines = _index(rest)
    message = _read_start(start, lines)
    message.body = _cut_body(message, body, stream=stream)
    return message


def _read_start(start: str, lines: list[tuple[str, str]]) -> Request | Response:
    if start[:8].upper() == "SIP/2.0 ":
        match = _RESPONSE_LINE.fullmatch(start)
        if match is None:
            raise RemoteProtocolError("not a status line")
        return Response(int(match[1]), match[2].replace("\r", " ").replace("\n", " ").replace("\x00", ""), lines)
    parts = start.split(" ")
    if len(parts) != 3 or not grammar.is_token(parts[0]):
        raise RemoteProtocolError(f"not a request line: {start[:80]!r}")
    method, uri, version = parts
    if version.upper() != _VERSION:
        status = 505 if version[:4].upper() == "SIP/" else 400
        raise RemoteProtocolError(f"not a version that is spoken here: {version[:20]!r}", status)
    if not uri or len(uri) > 4096:
        raise RemoteProtocolError("the Request-URI is empty or too long", 414 if uri else 400)
    return Request(method, uri, lines)


def _index(text: str) -> list[tuple[str, str]]:
    """Header lines by key; a folded line belongs to the one before it (§7.3.1)."""
    lines: list[tuple[str, str]] = []
    for raw in text.split("\n"):
        line = raw[:-1] if raw.endswith("\r") else raw
        if not line:
            continue
        if line[0] in " \t":
            if not lines:
                raise RemoteProtocolError("the first header line is folded")
            key, before = lines[-1]
            lines[-1] = (key, f"{before}\r\n{line}") if len(before) < MAX_HEAD else lines[-1]
            continue
        name, colon, _ = line.partition(":")
        name = name.rstrip().lower()
        if not colon or not name:
            raise RemoteProtocolError(f"a header line without a name: {line[:40]!r}")
        lines.append((_COMPACT.get(name, name), line))
    if len(lines) > MAX_FIELDS:
        raise RemoteProtocolError(f"more than {MAX_FIELDS} header lines", 513)
    return lines


def _cut_body(message: Message, body: bytes, *, stream: bool) -> bytes:
    text = message.get("content-length")
    if text is None:
        if stream and body:
            raise RemoteProtocolError("Content-Length is missing on a stream")
        length = len(body)
    else:
        length = grammar.decimal(text, "Content-Length")
        if length > len(body):
            raise RemoteProtocolError(f"Content-Length says {length} bytes, {len(body)} came")
    if length > MAX_BODY:
        raise RemoteProtocolError("the body is too long", 513)
    return body[:length]


def _value(line: str) -> str:
    value = line.partition(":")[2]
    if "\n" in value:
        value = " ".join(part.strip() for part in value.split("\r\n"))
    return value.strip()


def _lines_of(headers: Fields) -> list[tuple[str, str]]:
    return [(name.lower(), f"{name}: {grammar.one_line(str(value))}") for name, value in headers]


def _sdp_part(content_type: str, body: bytes) -> bytes | None:
    """The application/sdp part of a multipart body (RFC 2046 §5.1)."""
    _, _, parameters = content_type.partition(";")
    boundary = grammar.parse_parameters(";" + parameters).get("boundary")
    if not boundary:
        return None
    for part in body.split(b"--" + boundary.encode("utf-8", "surrogateescape")):
        end = _HEAD_END.search(part)
        if end is not None and b"application/sdp" in part[: end.start()].lower():
            return part[end.end() :].removesuffix(b"\n").removesuffix(b"\r")
    return None


def check(message: Request | Response) -> None:
    """Make sure that what every message needs is there and readable (§8.1.1). Raises ``RemoteProtocolError``."""
    _ = message.via, message.from_, message.to, message.call_id
    cseq = message.cseq
    if isinstance(message, Request) and cseq.method != message.method:
        raise RemoteProtocolError("the method of CSeq is not that of the request")
    singles: Sequence[str] = ("from", "to", "call-id", "cseq", "max-forwards")
    seen = [key for key in message.names() if key in singles]
    if len(seen) != len(set(seen)):
        raise RemoteProtocolError("a header that may stand only once stands twice")
