"""Flows: between which two sockets a message travels (RFC 5626 calls it a flow); plain data, no sockets."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Transport(StrEnum):
    """What carries messages; the values are the words of Via and of ``;transport=``."""

    UDP = "udp"
    TCP = "tcp"

    @property
    def reliable(self) -> bool:
        """Whether it retransmits by itself, so that transactions need not (RFC 3261 §17)."""
        return self is not Transport.UDP


class HostPort(NamedTuple):
    """An address of ours or theirs; IPv6 without brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Flow(NamedTuple):
    """The far side of an exchange: where a message came from, or where one shall go.

    ``host`` of a destination may be a name; the driver resolves it. ``connection`` names one TCP connection: 0 lets
    the driver use any connection to that address or open one. (A tuple, because one is made for every datagram.)
    """

    transport: Transport
    host: str
    port: int
    connection: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Transmit:
    """One message that the machine wants sent; leave in the order of the list."""

    data: bytes
    destination: Flow
