"""Session descriptions (RFC 8866): a tolerant reader and a strict writer of what telephony needs of them.

Lines that are not understood are kept nowhere: offers and answers are made anew (``offer``), never patched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from offhook.sip.crypto import Crypto
from offhook.sip.errors import LocalProtocolError, RemoteProtocolError
from offhook.sip.ice import WebAttributes, WebTransport

CONTENT_TYPE: Final = "application/sdp"
MAX_LINES: Final = 1000
"""Lines beyond which a description is refused."""
MAX_MEDIA: Final = 32
"""m-lines beyond which a description is refused."""
MAX_CRYPTO: Final = 32
"""Crypto lines of one stream that are looked at."""

TELEPHONE_EVENT: Final = "telephone-event"
"""Encoding name of keys in RTP (RFC 4733)."""
DIRECTIONS: Final = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})
STATIC_CODECS: Final = {
    0: ("PCMU", 8000),
    3: ("GSM", 8000),
    4: ("G723", 8000),
    8: ("PCMA", 8000),
    9: ("G722", 8000),
    13: ("CN", 8000),
    18: ("G729", 8000),
}
"""Payload types that need no rtpmap (RFC 3551 §6), as name and clock rate."""

_CUSTOMARY: Final = {"OPUS": "opus"}
"""Names as everybody writes them, although capitals mean nothing (RFC 4855 §3)."""

_SAFE_WORD: Final = re.compile(r"[^\s\x00]+")
_RTPMAP: Final = re.compile(r"([0-9]{1,3})\s+([^\s/]+)/([0-9]{1,6})(?:/([0-9]{1,2}))?\s*")
_FMTP: Final = re.compile(r"([0-9]{1,3})\s+(.*)")
_PORT: Final = re.compile(r"([0-9]{1,5})(?:/[0-9]{1,5})?")
_RTCP: Final = re.compile(r"([0-9]{1,5})(?:\s+IN\s+IP[46]\s+(\S+))?\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One payload type of an m-line with what its attributes say of it."""

    payload_type: int
    name: str
    """Encoding name in upper case, except ``telephone-event``; empty when nothing says what it is."""
    clock_rate: int = 8000
    """Hz."""
    channels: int = 1
    parameters: str = ""
    """The fmtp text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """One m-line and its attributes."""

    kind: str
    """audio, video, image, application, text or message."""
    port: int
    """0 refuses the stream."""
    protocol: str = "RTP/AVP"
    formats: tuple[Format, ...] = ()
    words: tuple[str, ...] = ()
    """The format list as written: what an answer that refuses the stream repeats, and all there is where formats are no payload types."""
    address: str | None = None
    """Connection address of this stream; None where only the session has one."""
    direction: str | None = None
    """None where only the session has one."""
    ptime: int | None = None
    """Milliseconds of audio in a packet that the describer likes to receive, 10..200."""
    rtcp: tuple[int, str | None] | None = None
    """Port and address for RTCP (RFC 3605) where they are not the next port and the same address."""
    rtcp_mux: bool = False
    crypto: tuple[Crypto, ...] = ()
    """Keys for SRTP (RFC 4568); of lines that were read, those that we can take."""
    mid: str | None = None
    """Names the stream within the description (RFC 5888)."""
    web: WebTransport | None = None
    """How a browser reaches it; None where it is reached as phones are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sdp:
    """A session description."""

    session_id: int
    version: int
    origin_address: str
    """Unicast address in o=."""
    address: str | None = None
    """Connection address of the session; a stream without one of its own uses it."""
    direction: str = "sendrecv"
    media: tuple[Media, ...] = ()
    username: str = "-"
    name: str = "-"
    """s=."""
    bundle: tuple[str, ...] = ()
    """Names of streams that share one path (RFC 9143)."""

    @classmethod
    def parse(cls, data: bytes) -> Sdp:
        """Read a description. Raises ``RemoteProtocolError`` (400) for what has no sense, skips what has none for us."""
        return _Reader().read(data)

    def address_of(self, media: Media) -> str | None:
        """Where packets of ``media`` go."""
        return media.address or self.address

    def direction_of(self, media: Media) -> str:
        """Which way packets of ``media`` go, seen from the describer; sendrecv unless something is said."""
        return media.direction or self.direction

    def __bytes__(self) -> bytes:
        family = _family(self.origin_address)
        lines = [
            "v=0",
            f"o={_word(self.username)} {self.session_id} {self.version} IN {family} {_word(self.origin_address)}",
            f"s={_text(self.name) or '-'}",
        ]
        if self.address is not None:
            lines.append(f"c=IN {_family(self.address)} {_word(self.address)}")
        lines.append("t=0 0")
        if any(media.web is not None and media.web.lite for media in self.media):
            lines.append("a=ice-lite")
        if self.bundle:
            lines.append(f"a=group:BUNDLE {' '.join(map(_word, self.bundle))}")
        if self.direction != "sendrecv":
            lines.append(f"a={_direction(self.direction)}")
        for media in self.media:
            lines += _media_lines(media)
        return ("\r\n".join(lines) + "\r\n").encode("utf-8", "surrogateescape")


@dataclass(slots=True)
class _Stream:
    """A m-line while its attributes are read."""

    kind: str
    port: int
    protocol: str
    words: tuple[str, ...]
    address: str | None = None
    direction: str | None = None
    ptime: int | None = None
    rtcp: tuple[int, str | None] | None = None
    rtcp_mux: bool = False
    crypto: list[Crypto] = field(default_factory=list)
    web: WebAttributes = field(default_factory=WebAttributes)
    maps: dict[int, tuple[str, int, int]] = field(default_factory=dict)
    parameters: dict[int, str] = field(default_factory=dict)

    def attribute(self, name: str, value: str) -> None:
        """Take an a= line of this stream; one that cannot be read counts as absent."""
        if name == "rtpmap" and (match := _RTPMAP.fullmatch(value)):
            codec = TELEPHONE_EVENT if match[2].lower() == TELEPHONE_EVENT else match[2].upper()
            self.maps.setdefault(int(match[1]), (codec, int(match[3]), int(match[4] or 1)))
        elif name == "fmtp" and (match := _FMTP.fullmatch(value)):
            self.parameters.setdefault(int(match[1]), match[2].strip())
        elif name == "ptime" and value.isascii() and value[:3].isdigit():
            self.ptime = min(200, max(10, int(value[:3])))
        elif name == "rtcp" and (match := _RTCP.fullmatch(value)) and int(match[1]) <= 65535:
            self.rtcp = (int(match[1]), match[2])
        elif name == "rtcp-mux":
            self.rtcp_mux = True
        elif name == "crypto":
            if (crypto := Crypto.parse(value)) is not None and len(self.crypto) < MAX_CRYPTO:
                self.crypto.append(crypto)
        elif name in DIRECTIONS:
            self.direction = name
        else:
            self.web.take(name, value)

    def finished(self, session: WebAttributes) -> Media:
        """The stream with its formats put together, in the order of the m-line."""
        return Media(
            kind=self.kind,
            port=self.port,
            protocol=self.protocol,
            formats=tuple(self._formats()) if self.protocol.startswith(("RTP/", "UDP/TLS/RTP/")) else (),
            words=self.words,
            address=self.address,
            direction=self.direction,
            ptime=self.ptime,
            rtcp=self.rtcp,
            rtcp_mux=self.rtcp_mux,
            crypto=tuple(self.crypto),
            mid=self.web.mid,
            web=self.web.finished(session),
        )

    def _formats(self) -> list[Format]:
        formats: list[Format] = []
        for word in dict.fromkeys(self.words):
            if not (word.isascii() and word.isdigit() and len(word) <= 3) or (number := int(word)) > 127:
                continue
            name, rate, channels = self.maps.get(number) or (*STATIC_CODECS.get(number, ("", 8000)), 1)
            formats.append(
                Format(
                    payload_type=number,
                    name=name,
                    clock_rate=rate,
                    channels=channels,
                    parameters=self.parameters.get(number, ""),
                )
            )
        return formats


class _Reader:
    """Reads one description, line by line."""

    def __init__(self) -> None:
        self.origin: tuple[str, int, int, str] | None = None
        self.name = "-"
        self.address: str | None = None
        self.direction = "sendrecv"
        self.streams: list[_Stream] = []
        self.web = WebAttributes()

    def read(self, data: bytes) -> Sdp:
        if b"\0" in data:
            raise RemoteProtocolError("a session description that holds NUL")
        lines = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if len(lines) > MAX_LINES:
            raise RemoteProtocolError(f"a session description of more than {MAX_LINES} lines")
        if lines[0].rstrip() != "v=0":
            raise RemoteProtocolError("a session description that does not start with v=0")
        for line in lines[1:]:
            if line[1:2] == "=":
                self._line(line[0], line[2:].rstrip())
            elif line.strip():
                raise RemoteProtocolError(f"not a line of a session description: {line[:40]!r}")
        if self.origin is None:
            raise RemoteProtocolError("a session description without o=")
        username, session_id, version, origin_address = self.origin
        return Sdp(
            username=username,
            session_id=session_id,
            version=version,
            origin_address=origin_address,
            name=self.name,
            address=self.address,
            direction=self.direction,
            media=tuple(stream.finished(self.web) for stream in self.streams),
            bundle=self.web.bundle,
        )

    def _line(self, kind: str, value: str) -> None:
        match kind:
            case "o":
                self.origin = self.origin or _origin(value)
            case "s":
                self.name = value or "-"
            case "c":
                address = _connection(value)
                if self.streams:
                    self.streams[-1].address = self.streams[-1].address or address
                else:
                    self.address = address
            case "m":
                self.streams.append(_stream(value))
                if len(self.streams) > MAX_MEDIA:
                    raise RemoteProtocolError(f"a session description of more than {MAX_MEDIA} streams")
            case "a":
                name, _, text = value.partition(":")
                if self.streams:
                    self.streams[-1].attribute(name.strip().lower(), text.strip())
                elif (name := name.strip().lower()) in DIRECTIONS:
                    self.direction = name
                else:
                    self.web.take(name, text.strip())
            case _:
                pass


def _origin(value: str) -> tuple[str, int, int, str]:
    words = value.split()
    if len(words) != 6:
        raise RemoteProtocolError(f"not an origin: {value[:60]!r}")
    # Some phones put words or huge numbers here; what matters is only whether they change.
    return words[0], _number(words[1]), _number(words[2]), words[5]


def _number(word: str) -> int:
    return int(word) if word.isascii() and word.isdigit() and len(word) <= 30 else 0


def _connection(value: str) -> str:
    words = value.split()
    if len(words) != 3 or words[0].upper() != "IN" or words[1].upper() not in ("IP4", "IP6"):
        raise RemoteProtocolError(f"not a connection address: {value[:60]!r}")
    return words[2].partition("/")[0]


def _stream(value: str) -> _Stream:
    words = value.split()
    match = _PORT.fullmatch(words[1]) if len(words) >= 3 else None
    if match is None or (port := int(match[1])) > 65535:
        raise RemoteProtocolError(f"not a media line: {value[:60]!r}")
    return _Stream(kind=words[0].lower(), port=port, protocol=words[2].upper(), words=tuple(words[3:]))


def _media_lines(media: Media) -> list[str]:
    words = media.words or tuple(str(item.payload_type) for item in media.formats)
    if not words:
        raise LocalProtocolError("an m-line needs at least one format")
    if not 0 <= media.port <= 65535:
        raise LocalProtocolError(f"not a port: {media.port}")
    lines = [f"m={_word(media.kind)} {media.port} {_word(media.protocol)} {' '.join(map(_word, words))}"]
    if media.address is not None:
        lines.append(f"c=IN {_family(media.address)} {_word(media.address)}")
    for item in media.formats:
        if item.name:
            channels = f"/{item.channels}" if item.channels != 1 else ""
            name = _CUSTOMARY.get(item.name, item.name)
            lines.append(f"a=rtpmap:{item.payload_type} {_word(name)}/{item.clock_rate}{channels}")
        if item.parameters:
            lines.append(f"a=fmtp:{item.payload_type} {_text(item.parameters)}")
    if media.ptime is not None:
        lines.append(f"a=ptime:{media.ptime}")
    if media.rtcp is not None:
        port, address = media.rtcp
        lines.append(f"a=rtcp:{port}" + (f" IN {_family(address)} {_word(address)}" if address else ""))
    if media.rtcp_mux:
        lines.append("a=rtcp-mux")
    lines += [f"a=crypto:{item}" for item in media.crypto]
    if media.mid is not None:
        lines.append(f"a=mid:{_word(media.mid)}")
    if media.web is not None:
        lines += media.web.lines()
    if media.direction is not None:
        lines.append(f"a={_direction(media.direction)}")
    return lines


def _family(address: str) -> str:
    return "IP6" if ":" in address else "IP4"


def _direction(text: str) -> str:
    if text not in DIRECTIONS:
        raise LocalProtocolError(f"not a direction: {text!r}")
    return text


def _word(text: str) -> str:
    if _SAFE_WORD.fullmatch(text) is None:
        raise LocalProtocolError(f"not one word of a session description: {text!r}")
    return text


def _text(text: str) -> str:
    if any(character in "\r\n\0" for character in text):
        raise LocalProtocolError("a session description's text must not hold a line break or NUL")
    return text
