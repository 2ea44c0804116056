"""STUN binding requests (RFC 8489), as far as signalling needs them: by which address the outside sees us, and clients that
keep their way to us open by asking the same (RFC 5626 §3.5.2). No authentication, no TURN. Pure.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator
from typing import Final

from offhook.sip.flow import HostPort

TRANSACTION_LENGTH: Final = 12
_PORT: Final = 3478
_HEADER: Final = struct.Struct("!HHI12s")
_ATTRIBUTE: Final = struct.Struct("!HH")
_COOKIE: Final = 0x2112A442
_REQUEST, _SUCCESS, _ERROR = 0x0001, 0x0101, 0x0111
_MAPPED, _UNKNOWN, _ERROR_CODE, _XOR_MAPPED = 0x0001, 0x000A, 0x0009, 0x0020
_OPTIONAL: Final = 0x8000
"""Attributes from here on may be ignored by who does not know them (§14)."""
_FAMILIES: Final = {1: 4, 2: 16}
_MOST_ATTRIBUTES: Final = 32


def server(text: str) -> tuple[str, int]:
    """Host and port of a server written as ``HOST``, ``HOST:PORT`` or ``[IPV6]:PORT``. Raises ``ValueError``."""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") > 1:
        host, port = text, ""
    else:
        host, _, port = text.partition(":")
    number = int(port) if port else _PORT
    if not host or not 0 < number < 65536:
        raise ValueError(text)
    return host, number


def is_stun(data: bytes) -> bool:
    """Whether a datagram is for STUN: no SIP message begins with such a byte, and the cookie is there (§5)."""
    return len(data) >= _HEADER.size and data[0] < 0x40 and data[4:8] == b"\x21\x12\xa4\x42"


def binding_request(transaction: bytes) -> bytes:
    """The question; ``transaction`` are 12 random bytes."""
    return _HEADER.pack(_REQUEST, 0, _COOKIE, transaction)


def answer(request: bytes, source: HostPort) -> bytes | None:
    """What a client at ``source`` is told; None for what is no binding request or cannot be read."""
    kind, attributes = _read(request)
    if kind != _REQUEST or attributes is None:
        return None
    transaction = request[8:20]
    unknown = [number for number, _ in attributes if number < _OPTIONAL]
    if unknown:
        numbers = struct.pack(f"!{len(unknown)}H", *unknown)
        body = _written(_ERROR_CODE, b"\0\0\x04\x14Unknown Attribute") + _written(_UNKNOWN, numbers)
        return _HEADER.pack(_ERROR, len(body), _COOKIE, transaction) + body
    body = _written(_XOR_MAPPED, _xored(source, transaction))
    return _HEADER.pack(_SUCCESS, len(body), _COOKIE, transaction) + body


def mapped_address(response: bytes, transaction: bytes) -> HostPort | None:
    """By which address the server saw us; None for anything but the success of ``transaction``."""
    kind, attributes = _read(response)
    if kind != _SUCCESS or attributes is None or response[8:20] != transaction:
        return None
    found = dict(reversed(attributes))  # of repeated ones the first counts (§14)
    if _XOR_MAPPED in found:
        return _address(found[_XOR_MAPPED], response[4:20])
    return _address(found.get(_MAPPED, b""), bytes(16))  # of servers older than RFC 5389


def _read(data: bytes) -> tuple[int, list[tuple[int, bytes]] | None]:
    """Type and attributes; None instead of those when they are not as they should be."""
    if not is_stun(data):
        return 0, None
    kind, length, _, _ = _HEADER.unpack_from(data)
    if length % 4 or len(data) != _HEADER.size + length:
        return kind, None
    attributes = list[tuple[int, bytes]]()
    for attribute in _attributes(data):
        if attribute is None or len(attributes) == _MOST_ATTRIBUTES:
            return kind, None
        attributes.append(attribute)
    return kind, attributes


def _attributes(data: bytes) -> Iterator[tuple[int, bytes] | None]:
    """One after the other, and None for one that is cut off."""
    position = _HEADER.size
    while position < len(data):
        number, length = _ATTRIBUTE.unpack_from(data, position)
        position += _ATTRIBUTE.size
        if position + length > len(data):
            yield None
            return
        yield number, data[position : position + length]
        position += length + -length % 4


def _written(number: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(number, len(value)) + value + bytes(-len(value) % 4)


def _xored(source: HostPort, transaction: bytes) -> bytes:
    """§14.2: so that address translators do not recognize and rewrite it."""
    packed = ipaddress.ip_address(source.host.partition("%")[0]).packed
    key = struct.pack("!I", _COOKIE) + transaction
    family = 1 if len(packed) == 4 else 2
    return struct.pack("!BBH", 0, family, source.port ^ _COOKIE >> 16) + _exclusive_or(packed, key)


def _address(value: bytes, key: bytes) -> HostPort | None:
    """An address attribute; ``key`` of zeros for one that is not xored."""
    if len(value) < 4 or len(value) != 4 + _FAMILIES.get(value[1], -1):
        return None
    port = int.from_bytes(_exclusive_or(value[2:4], key), "big")
    return HostPort(str(ipaddress.ip_address(_exclusive_or(value[4:], key))), port)


def _exclusive_or(value: bytes, key: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(value, key, strict=False))
