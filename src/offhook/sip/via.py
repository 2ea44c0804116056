"""The Via header (RFC 3261 §20.42, §18.2; rport of RFC 3581)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Self

from offhook.sip import grammar
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.grammar import NO_PARAMETERS, Parameters

_VIA = re.compile(
    r"SIP[ \t]*/[ \t]*(?P<version>[0-9]+\.[0-9]+)[ \t]*/[ \t]*(?P<transport>[A-Za-z0-9\-.!%*_+`'~]+)[ \t]+"
    r"(?P<host>[A-Za-z0-9_.\-]+|\[[0-9A-Fa-f:.]+\])(?:[ \t]*:[ \t]*(?P<port>[0-9]{1,5}))?[ \t]*"
    r"(?P<parameters>;.*)?",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Via:
    """One hop."""

    transport: str
    """Upper case: UDP, TCP, TLS, WS, WSS or another token."""
    host: str
    """sent-by host; an IPv6 address keeps its brackets."""
    port: int | None = None
    version: str = "2.0"
    """Of the protocol; another one is kept, so that the sender can be told that it is not spoken here."""
    parameters: Parameters = field(default_factory=grammar.no_parameters, hash=False)

    @classmethod
    def parse(cls, text: str) -> Via:
        """Read one Via value. Raises ``RemoteProtocolError``."""
        match = _VIA.fullmatch(text.strip())
        if match is None or "\0" in text:  # a NUL could not be written into the response
            raise RemoteProtocolError(f"not a Via: {text[:60]!r}")
        version, transport, host, port, parameters = match.groups()
        if port is not None and int(port) > 65535:
            raise RemoteProtocolError("a Via with a port above 65535")
        return cls(
            transport=transport.upper(),
            host=host.lower(),
            port=int(port) if port else None,
            version=version,
            parameters=grammar.parse_parameters(parameters) if parameters else NO_PARAMETERS,
        )

    @property
    def branch(self) -> str:
        """The transaction's name; empty when the peer gave none (RFC 2543)."""
        return self.parameters.get("branch") or ""

    @property
    def sent_by(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def wants_rport(self) -> bool:
        """Whether the peer asks for the response at its source port (RFC 3581 §4)."""
        return "rport" in self.parameters

    def received_from(self, host: str, port: int) -> Self:
        """A copy with ``received`` and ``rport`` where they are due (§18.2.1; RFC 3581 §4)."""
        parameters = dict(self.parameters)
        if self.wants_rport:
            parameters["rport"] = str(port)
            parameters["received"] = host
        elif not _same_address(self.host.strip("[]"), host):
            parameters["received"] = host
        else:
            return self
        return replace(self, parameters=parameters)

    def __str__(self) -> str:
        return f"SIP/{self.version}/{self.transport} {self.sent_by}{_written(tuple(self.parameters.items()))}"


def _same_address(written: str, host: str) -> bool:
    """Whether a sent-by is the address that we saw; IPv6 has many spellings."""
    if written == host or ":" not in host or ":" not in written:
        return written == host
    try:
        return ipaddress.IPv6Address(written) == ipaddress.IPv6Address(host)
    except ValueError:
        return False


@lru_cache(maxsize=256)
def _written(parameters: tuple[tuple[str, str | None], ...]) -> str:
    return grammar.format_parameters(dict(parameters))
