"""By which address the outside finds us: that of an interface, or the one that STUN servers see when they are asked from the
very sockets of signalling (RFC 8489). Asked again and again: addresses change, and translators forget who is silent.
"""

from __future__ import annotations

import asyncio
import fcntl
import ipaddress
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from offhook.sip import stun
from offhook.sip.asyncio.addresses import is_loopback
from offhook.sip.asyncio.listeners import Listeners
from offhook.sip.asyncio.resolver import Resolver
from offhook.sip.asyncio.udp import UdpSocket
from offhook.sip.errors import NotLocated
from offhook.sip.flow import Flow, HostPort, Transport
from offhook.sip.settings import SipSettings

_LOG = structlog.get_logger(__name__)
_WAITS: Final = (0.5, 1.0, 2.0)
"""Seconds until the question is sent again, and given up (RFC 8489 §6.2.1 waits longer; another server is asked instead)."""
_SIOCGIFADDR: Final = 0x8915
_IF_INET6: Final = Path("/proc/net/if_inet6")
_GLOBAL_SCOPE: Final = "00"


class PublicAddress:
    """Finds it by ``look`` once, and by ``run`` for ever; ``listeners`` are told."""

    def __init__(
        self, settings: SipSettings, listeners: Listeners, resolver: Resolver, random_bits: Callable[[int], int]
    ) -> None:
        self._settings = settings
        self._listeners = listeners
        self._resolver = resolver
        self._random_bits = random_bits
        self._silent: set[str] = set()
        """Servers that did not answer last time, which was said."""
        self._asked: dict[bytes, asyncio.Future[HostPort]] = {}

    @property
    def wanted(self) -> bool:
        """Whether the settings ask for it."""
        return bool(self._settings.stun or self._settings.interface)

    async def run(self) -> None:
        """Look every ``public_refresh`` seconds."""
        while self.wanted:
            await asyncio.sleep(self._settings.public_refresh)
            await self.look()

    async def look(self) -> None:
        """Find it now: at most some seconds for each STUN server that does not answer."""
        if self._settings.interface:
            self._listeners.reached_by(
                [found for ipv6 in (False, True) if (found := interface_address(self._settings.interface, ipv6=ipv6))]
            )
        if self._settings.stun:
            async with asyncio.TaskGroup() as tasks:
                for datagrams in self._listeners.sockets:
                    if not is_loopback(datagrams.address.host):
                        tasks.create_task(self._ask(datagrams))

    async def _ask(self, datagrams: UdpSocket) -> None:
        """Ask the servers one after the other, until one has answered."""
        datagrams.on_stun = self._answered
        for server in self._settings.stun:
            try:
                found = await self._ask_one(datagrams, server)
            except (NotLocated, TimeoutError) as error:
                if server not in self._silent:
                    self._silent.add(server)
                    _LOG.warning("stun server not heard", server=server, error=str(error))
                continue
            self._silent.discard(server)
            self._listeners.mapped(datagrams, found)
            return

    async def _ask_one(self, datagrams: UdpSocket, server: str) -> HostPort:
        host, port = stun.server(server)
        found = await self._resolver.address(Flow(Transport.UDP, host, port))
        transaction = self._random_bits(8 * stun.TRANSACTION_LENGTH).to_bytes(stun.TRANSACTION_LENGTH, "big")
        question = stun.binding_request(transaction)
        answer: asyncio.Future[HostPort] = asyncio.get_running_loop().create_future()
        self._asked[transaction] = answer
        try:
            for wait in _WAITS:
                if not datagrams.send(question, found.host, found.port):
                    break
                done, _ = await asyncio.wait([answer], timeout=wait)
                if done:
                    return answer.result()
        finally:
            del self._asked[transaction]
        raise TimeoutError(f"{datagrams.address} got no answer from {found.host}")

    def _answered(self, data: bytes) -> None:
        transaction = data[8:20]
        asked = self._asked.get(transaction)
        found = stun.mapped_address(data, transaction)
        if asked is not None and found is not None and not asked.done():
            asked.set_result(found)


def interface_address(name: str, *, ipv6: bool) -> str | None:
    """The first address of an interface that others can reach; None: it has none of that family, or does not exist."""
    return _ipv6_of(name) if ipv6 else _ipv4_of(name)


def _ipv4_of(name: str) -> str | None:
    request = struct.pack("256s", name.encode()[:15])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            answer = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, request)
        except OSError:
            return None
    return socket.inet_ntoa(answer[20:24])


def _ipv6_of(name: str) -> str | None:
    try:
        lines = _IF_INET6.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        packed, _, _, scope, _, device = line.split()
        if device == name and scope == _GLOBAL_SCOPE:
            return str(ipaddress.IPv6Address(bytes.fromhex(packed)))
    return None
