"""Flows: between which two sockets a message travels (RFC 5626 calls it a flow); plain data, no sockets."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Transport(StrEnum):
    """What carries messages; the values are the words of Via (in capitals there) and of ``;transport=``."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"
    WS = "ws"
    """WebSocket (RFC 7118)."""
    WSS = "wss"
    """WebSocket over TLS."""

    @classmethod
    def asked(cls, scheme: str, parameter: str | None) -> Transport | None:
        """The one that a URI asks for (RFC 3261 §19.1, §26.2.2; RFC 7118 §5.2.2); None: one that is not spoken."""
        if scheme == "sips":
            return {None: cls.TLS, "tcp": cls.TLS, "tls": cls.TLS, "ws": cls.WSS, "wss": cls.WSS}.get(parameter)
        return cls.UDP if parameter is None else _BY_WORD.get(parameter)

    @property
    def reliable(self) -> bool:
        """Whether it retransmits by itself, so that transactions need not (RFC 3261 §17)."""
        return self is not Transport.UDP

    @property
    def secure(self) -> bool:
        """Whether it runs over TLS."""
        return self in (Transport.TLS, Transport.WSS)

    @property
    def stream(self) -> bool:
        """Whether only Content-Length says where a message ends; WebSocket frames it (RFC 7118 §5.1)."""
        return self in (Transport.TCP, Transport.TLS)

    @property
    def web(self) -> bool:
        """Whether it is a WebSocket, to which nobody can connect but its client."""
        return self in (Transport.WS, Transport.WSS)

    @property
    def default_port(self) -> int:
        """The port where a URI names none (RFC 3261 §19.1.2, RFC 7118 §5)."""
        return _PORTS.get(self, 5060)

    @property
    def parameter(self) -> str:
        """What a URI of ours carries as ``;transport=…``; nothing for UDP. WSS has no word of its own (RFC 7118 §5.2.2)."""
        return "" if self is Transport.UDP else f";transport={'ws' if self.web else self.value}"

    def serves(self, asked: Transport) -> bool:
        """Whether a flow of this transport leads where a URI that asks for ``asked`` does."""
        return self is asked or (self, asked) == (Transport.WSS, Transport.WS)


_PORTS = {Transport.TLS: 5061, Transport.WS: 80, Transport.WSS: 443}
_BY_WORD = {transport.value: transport for transport in Transport}


class HostPort(NamedTuple):
    """An address of ours or theirs; IPv6 without brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Flow(NamedTuple):
    """The far side of an exchange: where a message came from, or where one shall go.

    ``host`` of a destination may be a name; the driver resolves it, with the port where that is 0. ``connection`` names
    one connection, or over UDP one socket of ours: 0 lets the driver use any that leads to that address, or open one. (A
    tuple, because one is made for every datagram.)
    """

    transport: Transport
    host: str
    port: int
    connection: int = 0
    name: str = ""
    """Of a destination: whom its certificate must name (RFC 5922) where that is not ``host``, as after an SRV look-up."""
    certified: tuple[str, ...] = ()
    """Of a source: whom its verified certificate names, in lower case; nobody without one."""
    guarded: bool = False
    """Of a destination: a name that a far end out on the public internet gave, which must not lead into other networks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transmit:
    """One message that the machine wants sent; leave in the order of the list."""

    data: bytes
    destination: Flow
    otherwise: tuple[Flow, ...] = ()
    """Of a response: where it goes, one after the other, when the connection of its request is gone (RFC 3261 §18.2.2)."""
    first: Flow | None = None
    """Where it should have gone, when it takes another way."""

    @property
    def next(self) -> Transmit:
        """The same on its next way; there must be one."""
        return Transmit(
            data=self.data, destination=self.otherwise[0], otherwise=self.otherwise[1:], first=self.sender_knows
        )

    @property
    def sender_knows(self) -> Flow:
        """The destination under which its sender is told that it could not be sent."""
        return self.first or self.destination
