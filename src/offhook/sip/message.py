"""SIP messages (RFC 3261 §7): a start line and an index of header lines; typed values are made when they are asked for.

Header lines that nobody touches leave as they came, byte for byte. Nothing here decides what a message means; streams are cut
into messages by ``framing``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from offhook.sip import fields, grammar
from offhook.sip.errors import LocalProtocolError, RemoteProtocolError
from offhook.sip.fields import Fields
from offhook.sip.headers import CSeq, MediaType, Reason
from offhook.sip.reasons import REASONS
from offhook.sip.uri import NameAddr, Uri
from offhook.sip.via import Via

__all__ = ["MAX_BODY", "MAX_HEAD", "CSeq", "Message", "Request", "Response", "check", "parse"]

MAX_HEAD: Final = 65_536
"""Bytes of start line and headers; longer ones are refused (513)."""
MAX_BODY: Final = 65_536
"""Bytes of body: SDP and the small bodies of INFO and MESSAGE; longer ones are refused (513)."""
MAX_URI: Final = 4096
"""Characters of a Request-URI; longer ones are refused (414)."""

_VERSION: Final = "SIP/2.0"
_STATUS_LINE: Final = re.compile(r"SIP/2\.0 ([1-6][0-9]{2})(?: (.*))?", re.IGNORECASE | re.DOTALL)
_REQUEST_LINE: Final = re.compile(r"([A-Za-z0-9\-.!%*_+`'~]+) (.*?)[ ]([A-Za-z]+/[0-9]+\.[0-9]+)([ \t]*)", re.DOTALL)
_CALL_ID: Final = re.compile(r"[^\s,;]{1,512}")
_IDENTIFYING: Final = frozenset({"via", "from", "to", "call-id", "cseq"})
_SINGLE: Final = ("from", "to", "call-id", "cseq", "max-forwards", "content-length", "content-type")
_WILDCARD: Final = NameAddr(uri=Uri(scheme="*"))

Headers = Iterable[tuple[str, object]]


class Message(Fields):
    """What requests and responses share: header fields in order, and a body."""

    __slots__ = ("body", "defect")

    def __init__(self, keys: list[str], lines: list[str], body: bytes) -> None:
        super().__init__(keys, lines)
        self.body = body
        self.defect: RemoteProtocolError | None = None
        """What is wrong with a message that could still be read well enough to be refused; ``check`` raises it."""

    @property
    def via(self) -> Via:
        """The topmost Via. Raises ``RemoteProtocolError`` when there is none."""
        cached = self._cache.get("via")
        if not isinstance(cached, Via):
            value = self._required("via")
            # A list is read whole: what follows the first value must be a Via too (RFC 4475 §3.1.2.1).
            topmost, *others = (grammar.split_list(value) or [""]) if "," in value else [value]
            cached = self._cache["via"] = Via.parse(topmost)
            for other in others:
                Via.parse(other)
        return cached

    @property
    def vias(self) -> list[Via]:
        """All of them, the topmost first."""
        return [Via.parse(value) for value in self.values("via")]

    @property
    def from_(self) -> NameAddr:
        """Who the request says it is from."""
        return self._address("from")

    @property
    def to(self) -> NameAddr:
        """Whom the request says it is for."""
        return self._address("to")

    @property
    def from_tag(self) -> str:
        """Empty when there is none (RFC 2543)."""
        return self.from_.tag or ""

    @property
    def to_tag(self) -> str:
        """Empty outside dialogs."""
        return self.to.tag or ""

    @property
    def call_id(self) -> str:
        """Compared byte by byte (§20.8)."""
        cached = self._cache.get("call-id")
        if not isinstance(cached, str):
            cached = self._required("call-id")
            if _CALL_ID.fullmatch(cached) is None:
                raise RemoteProtocolError("the Call-ID is empty, too long or not one word")
            self._cache["call-id"] = cached
        return cached

    @property
    def cseq(self) -> CSeq:
        """Number and method."""
        cached = self._cache.get("cseq")
        if not isinstance(cached, CSeq):
            cached = self._cache["cseq"] = CSeq.parse(self._required("cseq"))
        return cached

    @property
    def contacts(self) -> list[NameAddr]:
        """Contact addresses; the wildcard ``*`` of a REGISTER is an address with scheme ``*``."""
        return [_WILDCARD if value == "*" else NameAddr.parse(value) for value in self.values("contact")]

    @property
    def contact(self) -> NameAddr | None:
        """The first Contact; None also for the wildcard, which leads nowhere."""
        contacts = self.contacts
        return contacts[0] if contacts and contacts[0] is not _WILDCARD else None

    @property
    def routes(self) -> list[NameAddr]:
        """Where the request is still to pass, in order."""
        return [NameAddr.parse(value) for value in self.values("route")]

    @property
    def record_routes(self) -> list[NameAddr]:
        """Proxies that stay on the way, the last one first in a request."""
        return [NameAddr.parse(value) for value in self.values("record-route")]

    @property
    def reasons(self) -> list[Reason]:
        """Why a call ends (RFC 3326); unreadable ones are left out."""
        readable = []
        for value in self.values("reason"):
            try:
                readable.append(Reason.parse(value))
            except RemoteProtocolError:
                continue
        return readable

    @property
    def require(self) -> list[str]:
        """Option tags that we must understand, in lower case."""
        return [tag.lower() for tag in self.values("require")]

    @property
    def supported(self) -> list[str]:
        """Option tags that the peer understands, in lower case."""
        return [tag.lower() for tag in self.values("supported")]

    @property
    def content_type(self) -> str:
        """Media type in lower case without parameters; empty when there is none."""
        return (self.get("content-type") or "").partition(";")[0].strip().lower()

    @property
    def expires(self) -> int | None:
        """Seconds; None when absent or unreadable, which §20.19 treats alike; at most 2**32-1."""
        text = self.get("expires")
        if text is None or not (text.isascii() and text.isdigit()):
            return None
        return int(text) if len(text) <= 10 and int(text) <= 0xFFFFFFFF else 0xFFFFFFFF

    @property
    def max_forwards(self) -> int | None:
        """Hops left, 0..255."""
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
        return (
            _sdp_part(MediaType.parse(self.get("content-type") or ""), self.body) if kind[:10] == "multipart/" else None
        )

    def replace_top_via(self, via: Via) -> None:
        """Replace the topmost Via value and keep the others of its line."""
        others = grammar.split_list(self.get("via") or "")[1:]
        if any(map(grammar.bare_nul, others)):
            raise RemoteProtocolError("a NUL in Via")  # which could not be written again
        self.replace_first("Via", ", ".join([str(via), *others]) if others else via)
        self._cache["via"] = via

    def start_line(self) -> str:
        """The first line, without its line break."""
        raise NotImplementedError

    def __bytes__(self) -> bytes:
        """The message as it is sent; Content-Length is always there and always right."""
        if "content-length" in self._keys:
            self.remove("Content-Length")
        lines = "\r\n".join((self.start_line(), *self._lines, f"Content-Length: {len(self.body)}\r\n\r\n"))
        return lines.encode("utf-8", "surrogateescape") + self.body

    def _required(self, key: str) -> str:
        value = self.get(key)
        if value is None:
            raise RemoteProtocolError(f"there is no {key} header")
        return value

    def _address(self, key: str) -> NameAddr:
        cached = self._cache.get(key)
        if not isinstance(cached, NameAddr):
            cached = self._cache[key] = NameAddr.parse(self._required(key))
        return cached


class Request(Message):
    """A SIP request."""

    __slots__ = ("method", "uri")

    def __init__(self, method: str, uri: str, keys: list[str], lines: list[str], body: bytes = b"") -> None:
        super().__init__(keys, lines, body)
        self.method = method
        self.uri = uri
        """Request-URI as it stands on the wire; ``target`` is the parsed one."""

    @classmethod
    def build(cls, method: str, uri: str, headers: Headers, body: bytes = b"") -> Request:
        """A request to be sent, with these headers in order. Raises ``LocalProtocolError``."""
        if not grammar.is_token(method):
            raise LocalProtocolError(f"not a method: {method!r}")
        if not uri or " " in uri:
            raise LocalProtocolError(f"not a Request-URI: {uri!r}")
        keys, lines = fields.written(headers)
        return cls(method, grammar.one_line(uri), keys, lines, body)

    @property
    def target(self) -> Uri:
        """The Request-URI. Raises ``RemoteProtocolError``."""
        return Uri.parse(self.uri)

    def response(
        self, status: int, reason: str = "", *, to_tag: str = "", headers: Headers = (), body: bytes = b""
    ) -> Response:
        """A response to this request (§8.2.6.2): Via, From, To, Call-ID and CSeq are those of the request.

        Record-Route goes into responses that make a dialog (§12.1.1), Timestamp into 100. ``to_tag`` is added unless To
        has one. What the request lacks, the response lacks too, so that also a defective request can be refused.
        """
        with_routes = 100 < status < 300
        keys, lines = [], []
        for key, line in zip(self._keys, self._lines, strict=True):
            if key in _IDENTIFYING or (with_routes and key == "record-route") or (status == 100 and key == "timestamp"):
                keys.append(key)
                lines.append(self._tagged(line, to_tag) if key == "to" and to_tag and status != 100 else line)
        more_keys, more_lines = fields.written(headers)
        return Response(status, reason or REASONS.get(status, "Unknown"), keys + more_keys, lines + more_lines, body)

    def _tagged(self, line: str, to_tag: str) -> str:
        try:
            return line if self.to.tag is not None else f"{line};tag={to_tag}"
        except RemoteProtocolError:
            return line

    def start_line(self) -> str:
        """``INVITE sip:1000@host SIP/2.0``."""
        return f"{self.method} {self.uri} {_VERSION}"

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.uri[:60]}>"


class Response(Message):
    """A SIP response."""

    __slots__ = ("reason", "status")

    def __init__(self, status: int, reason: str, keys: list[str], lines: list[str], body: bytes = b"") -> None:
        super().__init__(keys, lines, body)
        self.status = status
        self.reason = grammar.one_line(reason)

    def start_line(self) -> str:
        """``SIP/2.0 200 OK``."""
        return f"{_VERSION} {self.status} {self.reason}"

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.reason[:40]}>"


def parse(data: bytes, *, stream: bool = False) -> Request | Response:
    """Read one message. In a datagram Content-Length may be absent or smaller than what came (§18.3).

    Raises ``RemoteProtocolError`` for what cannot be read at all. What can be read but must be refused comes back with its
    ``defect``, so that a response can be made.
    """
    if data[:2] == b"\r\n":
        data = data.lstrip(b"\r\n")
    end = data.find(b"\r\n\r\n", 0, MAX_HEAD + 4)
    if end < 0:
        if len(data) > MAX_HEAD:
            raise RemoteProtocolError("the headers are too long", 513)
        end = len(data) - 2
        if stream or data[-2:] != b"\r\n":
            raise RemoteProtocolError("the headers do not end")
    start, *lines = (head := data[:end].decode("utf-8", "surrogateescape")).split("\r\n")
    breaks = len(lines)
    if data.count(b"\r", 0, end) != breaks or data.count(b"\n", 0, end) != breaks:
        raise RemoteProtocolError("a stray CR or LF in the headers")
    keys = fields.index_lines(lines)
    message = _with_start_line(start, keys, lines)
    message.body = _cut_body(message, data[end + 4 :], stream=stream)
    if message.defect is None and grammar.bare_nul(head):
        message.defect = RemoteProtocolError("a NUL in the headers")  # which we could not say back
    return message


def check(message: Request | Response) -> None:
    """Make sure that what every message needs is there and readable (§8.1.1, §8.2.2). Raises ``RemoteProtocolError``."""
    if message.defect is not None:
        raise message.defect
    keys = message.names()
    for key in _SINGLE:
        if keys.count(key) > 1:
            raise RemoteProtocolError(f"there is more than one {key} header")
    _ = message.via, message.from_, message.to, message.call_id
    cseq = message.cseq
    if isinstance(message, Request):
        if cseq.method != message.method:
            raise RemoteProtocolError("the method of CSeq is not that of the request")
        _ = message.max_forwards
        _check_target(message)


def _check_target(request: Request) -> None:
    target = request.target
    if target.scheme not in ("sip", "sips", "tel"):
        raise RemoteProtocolError(f"the scheme {target.scheme[:20]!r} is not spoken here", 416)
    if target.headers:
        raise RemoteProtocolError("a Request-URI must not hold headers")


def _with_start_line(start: str, keys: list[str], lines: list[str]) -> Request | Response:
    if start[:8].upper() == "SIP/2.0 ":
        match = _STATUS_LINE.fullmatch(start)
        if match is None:
            raise RemoteProtocolError(f"not a status line: {start[:80]!r}")
        return Response(int(match[1]), grammar.presentable(match[2] or ""), keys, lines)
    parts = start.split(" ")
    if len(parts) == 3 and parts[2] == _VERSION and grammar.is_token(parts[0]) and 0 < len(parts[1]) <= MAX_URI:
        return Request(parts[0], parts[1], keys, lines)
    return _with_odd_start_line(start, keys, lines)


def _with_odd_start_line(start: str, keys: list[str], lines: list[str]) -> Request:
    """A request line that is not as it should be: read as far as a refusal needs it."""
    match = _REQUEST_LINE.fullmatch(start)
    if match is None:
        raise RemoteProtocolError(f"not a request line: {start[:80]!r}")
    method, uri, version, trailing = match.groups()
    request = Request(method, uri, keys, lines)
    if version.upper() != _VERSION:
        request.defect = RemoteProtocolError(f"not a version that is spoken here: {version[:20]!r}", 505)
    elif trailing or not uri or any(character.isspace() for character in uri):
        request.defect = RemoteProtocolError("the request line has spaces where none may be")
    elif len(uri) > MAX_URI:
        request.defect = RemoteProtocolError("the Request-URI is too long", 414)
    return request


def _cut_body(message: Message, body: bytes, *, stream: bool) -> bytes:
    text = message.get("content-length")
    if text is None:
        if stream and body:
            raise RemoteProtocolError("Content-Length is missing on a stream")
        length = len(body)
    else:
        try:
            length = grammar.decimal(text, "Content-Length")
        except RemoteProtocolError as error:
            message.defect = message.defect or error
            return b""
        if length > len(body):
            message.defect = message.defect or RemoteProtocolError(
                f"Content-Length says {length} bytes, {len(body)} came"
            )
    if length > MAX_BODY:
        message.defect = message.defect or RemoteProtocolError("the body is too long", 513)
        return b""
    return body[:length]


def _sdp_part(content_type: MediaType, body: bytes) -> bytes | None:
    """The application/sdp part of a multipart body (RFC 2046 §5.1)."""
    boundary = content_type.parameters.get("boundary")
    if not boundary:
        return None
    for part in body.split(b"--" + boundary.encode("utf-8", "surrogateescape")):
        head, blank, content = part.partition(b"\r\n\r\n")
        if blank and b"application/sdp" in head.lower():
            return content.removesuffix(b"\r\n")
    return None
