"""Captured messages in HEP, version 3 (EEP, as Homer and its kin take it): chunks of vendor, type, length and value."""

from __future__ import annotations

import struct
from typing import Final

from offhook.sip.capture.addresses import ends
from offhook.sip.capture.ladder import Captured
from offhook.sip.flow import Transport

_MAGIC: Final = b"HEP3"
_LARGEST: Final = 65_507
"""Bytes of a datagram; the end of a longer message is left out."""
_SIP: Final = 1
_INET, _INET6 = 2, 10
_UDP, _TCP = 17, 6
_FAMILY, _PROTOCOL = 0x0001, 0x0002
_SOURCE, _DESTINATION = {4: 0x0003, 6: 0x0005}, {4: 0x0004, 6: 0x0006}
_SOURCE_PORT, _DESTINATION_PORT = 0x0007, 0x0008
_SECONDS, _MICROSECONDS = 0x0009, 0x000A
_KIND, _AGENT, _KEY, _PAYLOAD = 0x000B, 0x000C, 0x000E, 0x000F


def hep3(message: Captured, *, agent: int, password: str = "") -> bytes:
    """One datagram for a collector. ``agent`` is our capture id there, ``password`` its key where it asks for one."""
    source, destination = message.source, message.destination
    one, other = ends(source.host, destination.host)
    protocol = _UDP if message.peer.transport is Transport.UDP else _TCP
    chunks = [
        _chunk(_FAMILY, bytes([_INET if one.version == 4 else _INET6])),
        _chunk(_PROTOCOL, bytes([protocol])),
        _chunk(_SOURCE[one.version], one.packed),
        _chunk(_DESTINATION[other.version], other.packed),
        _chunk(_SOURCE_PORT, struct.pack("!H", source.port)),
        _chunk(_DESTINATION_PORT, struct.pack("!H", destination.port)),
        _chunk(_SECONDS, struct.pack("!I", int(message.at.timestamp()))),
        _chunk(_MICROSECONDS, struct.pack("!I", message.at.microsecond)),
        _chunk(_KIND, bytes([_SIP])),
        _chunk(_AGENT, struct.pack("!I", agent)),
    ]
    if password:
        chunks.append(_chunk(_KEY, password.encode()))
    head = b"".join(chunks)
    payload = _chunk(_PAYLOAD, message.data[: _LARGEST - len(_MAGIC) - 2 - len(head) - 6])
    return _MAGIC + struct.pack("!H", len(_MAGIC) + 2 + len(head) + len(payload)) + head + payload


def _chunk(kind: int, value: bytes) -> bytes:
    return struct.pack("!HHH", 0, kind, 6 + len(value)) + value
