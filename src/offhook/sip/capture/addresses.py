"""The two ends of a packet as addresses of one family, whatever is known of them."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def ends(source: str, destination: str) -> tuple[Address, Address]:
    """Both as IPv4, or both as IPv6 when one is (the other mapped, RFC 4291 §2.5.5.2). What is no address becomes 0.0.0.0."""
    one, other = _address(source), _address(destination)
    if one.version == other.version:
        return one, other
    return _as_six(one), _as_six(other)


def _address(host: str) -> Address:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return ipaddress.IPv4Address(0)


def _as_six(address: Address) -> ipaddress.IPv6Address:
    return address if address.version == 6 else ipaddress.IPv6Address(0xFFFF << 32 | int(address))
