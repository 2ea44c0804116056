"""Which addresses a request for a tenant may reach: the public internet, and networks that the operator allowed.

Decides about addresses only; ``outbound`` asks after name resolution, at every connect, so that no name can lie.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_SPECIAL_V4: Final = tuple(
    (IPv4Network(network), what)
    for network, what in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local, where clouds keep instance metadata"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved or broadcast"),
    )
)
_GLOBAL_V6: Final = IPv6Network("2000::/3")
_SPECIAL_V6: Final = tuple(
    (IPv6Network(network), what)
    for network, what in (
        ("2001::/23", "protocol assignments and Teredo"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "documentation"),
    )
)
_NAT64: Final = IPv6Network("64:ff9b::/96")
_KEPT: Final = 4096
"""Verdicts remembered."""


class EgressError(ValueError):
    """An allowed network is no network; the message names it."""


class Egress:
    """The rule. Cheap to ask: verdicts are remembered."""

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self._allow = tuple(_network(text) for text in allow)
        self.refusal = lru_cache(maxsize=_KEPT)(self._refusal)
        """Address (as text) to the reason why it may not be reached; None when it may."""

    def permits(self, address: str) -> bool:
        """Whether ``address``, an IP literal, may be requested."""
        return self.refusal(address) is None

    def _refusal(self, address: str) -> str | None:
        try:
            found = ip_address(address.partition("%")[0])
        except ValueError:
            return "not an IP address"
        forms = _forms(found)
        if any(form in network for form in forms for network in self._allow if form.version == network.version):
            return None
        for form in forms:
            reason = _special(form)
            if reason is not None:
                return reason
        return None


def _network(text: str) -> Network:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise EgressError(f"{text!r} is not a network; write it like 10.1.0.0/16 or fd00::/8.") from error


def _forms(address: Address) -> tuple[Address, ...]:
    """What must be judged: an IPv4 address that is written inside an IPv6 one counts as itself."""
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFF_FFFF),)
    return (address,)


def _special(address: Address) -> str | None:
    if isinstance(address, IPv4Address):
        return next((what for network, what in _SPECIAL_V4 if address in network), None)
    if address not in _GLOBAL_V6:
        return "not a global unicast IPv6 address"
    return next((what for network, what in _SPECIAL_V6 if address in network), None)
