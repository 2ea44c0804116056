"""Which address of ours a peer can reach: the one that the kernel would send from. Asks the routing table, sends nothing."""

from __future__ import annotations

import ipaddress
import socket
from collections import OrderedDict

from offhook.sip.flow import HostPort

_MOST = 10_000
_ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Documentation addresses: they lead where the default route leads."""


class LocalAddresses:
    """Remembers the answer for up to 10,000 peers; a machine that changes its routes forgets with ``clear``."""

    def __init__(self, listen: HostPort, advertise: str) -> None:
        self._port = listen.port
        self._family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
        self._fixed = advertise or ("" if ipaddress.ip_address(listen.host).is_unspecified else listen.host)
        self._known: OrderedDict[str, HostPort] = OrderedDict()

    def towards(self, host: str) -> HostPort:
        """Our address and port for the peer at ``host``; a name that was not resolved counts as far away."""
        if self._fixed:
            return HostPort(self._fixed, self._port)
        known = self._known.get(host)
        if known is None:
            if len(self._known) >= _MOST:
                self._known.popitem(last=False)
            known = self._known[host] = HostPort(self._ask(host), self._port)
        return known

    def clear(self) -> None:
        self._known.clear()

    def _ask(self, host: str) -> str:
        loopback = "::1" if self._family == socket.AF_INET6 else "127.0.0.1"
        try:
            ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            host = _ELSEWHERE[self._family]
        with socket.socket(self._family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((host, 9))
            except OSError:
                return loopback  # no route at all: only this machine can be meant
            return str(probe.getsockname()[0])
