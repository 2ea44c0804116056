"""Who counts as one sender, and which senders are trusted; addresses as text, no sockets."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

_SITE: Final = 64
"""Bits of an IPv6 address that name its site; a host takes as many addresses below them as it likes (RFC 4291 §2.5.1)."""


def source_of(host: str) -> str:
    """What ``host`` counts as: an IPv4 address as itself, an IPv6 address as its /64, anything else as it is written."""
    return _source_of(host) if ":" in host else host


@lru_cache(maxsize=4096)
def _source_of(host: str) -> str:
    address = _address(host)
    if not isinstance(address, IPv6Address):
        return host if address is None else str(address)
    return str(ip_network((address, _SITE), strict=False))


class TrustedNetworks:
    """Networks that no limit and no ban touches: the operator's own, and those of carriers."""

    def __init__(self, networks: Iterable[str]) -> None:
        """``networks`` in CIDR form, of both families. Raises ``ValueError``."""
        self._networks = tuple(ip_network(network, strict=False) for network in networks)

    def __contains__(self, host: str) -> bool:
        if not self._networks:
            return False
        address = _address(host)
        return address is not None and any(address in network for network in self._networks)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """The address in ``host``, an IPv4 one also where it is written inside an IPv6 one."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
