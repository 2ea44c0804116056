"""Names to addresses for signalling, with a time limit and a short memory. RFC 3263 (NAPTR, SRV) is not spoken."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections import OrderedDict

from offhook.sip.settings import SipSettings

_MOST = 1000


class NameNotResolved(OSError):
    """The name has no address, or none came in time."""


def is_address(host: str) -> bool:
    """Whether ``host`` needs no resolving."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class Resolver:
    """Remembers up to 1,000 names."""

    def __init__(self, settings: SipSettings, family: int = socket.AF_UNSPEC) -> None:
        """``family``: that of the sockets which will send."""
        self._settings = settings
        self._family = family
        self._known: OrderedDict[str, tuple[float, str]] = OrderedDict()

    def known(self, host: str) -> str | None:
        """The address of ``host``, if it is one or if it was resolved a short while ago."""
        entry = self._known.get(host)
        now = asyncio.get_running_loop().time()
        if entry is not None:
            if entry[0] > now:
                return entry[1]
            del self._known[host]
        if is_address(host):
            self._remember(host, host, now)
            return host
        return None

    async def resolve(self, host: str) -> str:
        """The address of ``host``. Raises ``NameNotResolved``."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._settings.resolve_timeout):
                found = await loop.getaddrinfo(host, None, family=self._family, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError, TimeoutError) as error:
            raise NameNotResolved(f"no address for {host[:80]!r}: {error}") from error
        if not found:
            raise NameNotResolved(f"no address for {host[:80]!r}")
        address = str(found[0][4][0])
        self._remember(host, address, loop.time())
        return address

    def _remember(self, host: str, address: str, now: float) -> None:
        while len(self._known) >= _MOST:
            self._known.popitem(last=False)
        self._known[host] = (now + self._settings.resolve_cache, address)
