"""Which address of ours a peer can reach: the one that the kernel would send from. Asks the routing table, sends nothing."""

from __future__ import annotations

import ipaddress
import socket
from collections import OrderedDict

_MOST = 10_000
_ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Documentation addresses: they lead where the default route leads."""


def is_loopback(address: str) -> bool:
    """Whether a peer at ``address`` is on this machine and can reach loopback."""
    return address.startswith("127.") or address == "::1"


def is_unspecified(address: str) -> bool:
    """Whether a socket bound to ``address`` takes all addresses."""
    return address in ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


class LocalAddresses:
    """Remembers the answer for up to 10,000 peers; a machine that changes its routes forgets with ``clear``."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, bool], str] = OrderedDict()

    def towards(self, host: str, *, ipv6: bool) -> str:
        """Our address of that family for the peer at ``host``; a name that was not resolved counts as far away."""
        known = self._known.get((host, ipv6))
        if known is None:
            if len(self._known) >= _MOST:
                self._known.popitem(last=False)
            known = self._known[host, ipv6] = _ask(host, socket.AF_INET6 if ipv6 else socket.AF_INET)
        return known

    def clear(self) -> None:
        self._known.clear()


def _ask(host: str, family: socket.AddressFamily) -> str:
    loopback = "::1" if family == socket.AF_INET6 else "127.0.0.1"
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        host = _ELSEWHERE[family]
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 9))
        except OSError:
            return loopback  # no route at all: only this machine can be meant
        return str(probe.getsockname()[0])
