"""Which trunks a call that comes in can belong to: by its source address, by the certificate of its connection, by name."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache

from offhook.calls.trunks.trunk import Trunk
from offhook.vocabulary.sids import AccountSid

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Recognizer:
    """Of one book. Several trunks may share an address: the number that is called then tells them apart."""

    def __init__(self, trunks: Iterable[Trunk]) -> None:
        enabled = [trunk for trunk in trunks if trunk.enabled]
        self._networks: list[tuple[Network, Trunk]] = [
            (ipaddress.ip_network(text, strict=False), trunk)
            for trunk in enabled
            for text in trunk.recognition.networks
        ]
        self._networks.sort(key=lambda entry: -entry[0].prefixlen)
        self._certificates: dict[str, list[Trunk]] = {}
        for trunk in enabled:
            for name in trunk.recognition.certificates:
                self._certificates.setdefault(name.lower(), []).append(trunk)
        self._guarded = {
            trunk.account_sid
            for trunk in enabled
            if trunk.recognition.by_password_alone and trunk.register_expires is None
        }
        self._usernames = {trunk.recognition.username: trunk for trunk in enabled if trunk.recognition.username}

    def trunks(self, host: str, certificates: Sequence[str] = ()) -> tuple[Trunk, ...]:
        """Those that a call from ``host``, over a connection with these certificate names, can belong to."""
        found = [trunk for name in certificates for trunk in self._certificates.get(name.lower(), ())]
        address = _address(host) if self._networks else None
        if address is not None:
            found += [trunk for network, trunk in self._networks if address in network]
        return tuple({trunk.key: trunk for trunk in found}.values())

    def named(self, username: str) -> Trunk | None:
        """The one that proves itself by this name."""
        return self._usernames.get(username)

    @property
    def asks_for_proof(self) -> bool:
        """Whether any trunk proves itself by a password."""
        return bool(self._usernames)

    def guards(self, lineage: Sequence[AccountSid]) -> bool:
        """Whether a call to a number of the first of these accounts, and those above it, can be that of a trunk which is known by
        nothing but its password.
        """
        return None in self._guarded or not self._guarded.isdisjoint(lineage)


@lru_cache(maxsize=4096)
def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
