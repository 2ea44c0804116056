"""The guard at the connect: a socket is made only for an address that may be requested, whatever name led to it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from offhook.security.egress import Egress


class Refused(OSError):
    """The address may not be requested. All refusals read alike, so that several of them are reported as one."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__("refused by the egress rules")
        self.address = address
        self.reason = reason


def guarded_sockets(egress: Egress) -> Callable[[Any], socket.socket]:
    """A factory of sockets for aiohttp's connector; raises ``Refused``."""

    def make(address_info: Any) -> socket.socket:
        family, kind, protocol, _, address = address_info
        reason = egress.refusal(address[0])
        if reason is not None:
            raise Refused(address[0], reason)
        made = socket.socket(family, kind, protocol)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    return make
