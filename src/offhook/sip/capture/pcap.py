"""Captured messages as a pcap file (the classic format of libpcap, raw IP packets): for tshark, Wireshark and sngrep.

Headers of IP, UDP and TCP are made up from what is known; what came over TLS or a WebSocket is shown as UDP, since readers
expect it encrypted or framed on TCP.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

from offhook.sip.capture.addresses import ends
from offhook.sip.capture.ladder import Captured
from offhook.sip.flow import HostPort, Transport

_FILE: Final = struct.Struct("<IHHiIII")
_RECORD: Final = struct.Struct("<IIII")
_MAGIC: Final = 0xA1B2C3D4
_RAW: Final = 101
"""LINKTYPE_RAW: a packet begins with its IP header."""
_SNAPLEN: Final = 262_144
_UDP, _TCP = 17, 6
_PUSH_ACK: Final = 0x18
_LARGEST: Final = 65_535 - 60
"""Bytes of payload that fit a packet."""

Conversation = tuple[HostPort, HostPort]


def pcap(messages: Iterable[Captured]) -> bytes:
    """The file. A message that was cut says in its record how long it was."""
    parts = [_FILE.pack(_MAGIC, 2, 4, 0, 0, _SNAPLEN, _RAW)]
    sequences: dict[Conversation, int] = {}
    for message in messages:
        packet, whole = _packet(message, sequences)
        seconds = message.at.timestamp()
        parts.append(_RECORD.pack(int(seconds), message.at.microsecond, len(packet), whole))
        parts.append(packet)
    return b"".join(parts)


def _packet(message: Captured, sequences: dict[Conversation, int]) -> tuple[bytes, int]:
    """The packet as far as it was kept, and its length as it was."""
    source, destination = message.source, message.destination
    payload = message.data[:_LARGEST]
    length = min(message.size, _LARGEST)
    if message.peer.transport is Transport.TCP:
        number = sequences.get((source, destination), 1)
        acknowledged = sequences.get((destination, source), 1)
        sequences[source, destination] = (number + length) & 0xFFFFFFFF
        protocol, head = (
            _TCP,
            struct.pack(
                "!HHIIBBHHH", source.port, destination.port, number, acknowledged, 5 << 4, _PUSH_ACK, 65_535, 0, 0
            ),
        )
    else:
        protocol, head = _UDP, struct.pack("!HHHH", source.port, destination.port, 8 + length, 0)
    ip, addresses = _ip(source.host, destination.host, protocol, len(head) + length)
    if length == len(payload):
        head = _with_checksum(protocol, head, payload, addresses)
    packet = ip + head + payload
    return packet, len(packet) - len(payload) + length


def _ip(source: str, destination: str, protocol: int, length: int) -> tuple[bytes, bytes]:
    """The IP header, and the addresses in it."""
    one, other = ends(source, destination)
    packed = one.packed + other.packed
    if one.version == 6:
        return struct.pack("!IHBB", 6 << 28, length, protocol, 64) + packed, packed
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0, 64, protocol, 0) + packed
    return head[:10] + struct.pack("!H", _checksum(head)) + head[12:], packed


def _with_checksum(protocol: int, head: bytes, payload: bytes, addresses: bytes) -> bytes:
    """The header of UDP or TCP with the checksum over pseudo-header and payload (RFC 768, RFC 9293 §3.1)."""
    total = len(head) + len(payload)
    pseudo = addresses + struct.pack("!IHBB", total, 0, 0, protocol)
    value = _checksum(pseudo + head + payload)
    place = 16 if protocol == _TCP else 6
    if protocol == _UDP and value == 0:
        value = 0xFFFF
    return head[:place] + struct.pack("!H", value) + head[place + 2 :]


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = data + b"\0" * (len(data) % 2)
    words: tuple[int, ...] = struct.unpack(f"!{len(padded) // 2}H", padded)
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
