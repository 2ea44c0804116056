"""A listener for connections and what it heard, for tests of the layers below the driver."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from offhook.security.tls import ClientTls, ServerTls
from offhook.sip.asyncio.acceptor import Acceptor, Handshakes
from offhook.sip.asyncio.connection import Connection
from offhook.sip.asyncio.connections import Connections
from offhook.sip.asyncio.listeners import Place
from offhook.sip.asyncio.stream import StreamConnection
from offhook.sip.flow import Flow, HostPort, Transmit, Transport
from offhook.sip.settings import SipSettings


class Hearing:
    """One place of one transport."""

    def __init__(
        self,
        transport: Transport = Transport.TCP,
        *,
        server_tls: ServerTls | None = None,
        client_tls: ClientTls | None = None,
        **settings: Any,
    ) -> None:
        self.heard: list[tuple[bytes, Flow]] = []
        self.failed: list[Flow] = []
        self.lost: list[Flow] = []
        self.elsewhere: list[Transmit] = []
        """What shall go another way."""
        self.news = asyncio.Event()
        self.connections = Connections(
            SipSettings(**settings),
            self._message,
            self.news.set,
            self._failed,
            self.lost.append,
            self.elsewhere.append,
            client_tls,
        )
        self.handshakes = Handshakes(self.connections.settings, self.connections.trusted)
        self._transport = transport
        self._tls = server_tls

    @asynccontextmanager
    async def open(self, host: str = "127.0.0.1") -> AsyncIterator[HostPort]:
        timeout = self.connections.settings.connect_timeout
        acceptor = Acceptor(HostPort(host, 0), self.handshakes, timeout=timeout, tls=self._tls)
        place = Place(transport=self._transport, address=acceptor.address)
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            self.connections.tasks = tasks
            acceptor.open(tasks, lambda: self.connection(place))
            sweep = tasks.create_task(self.connections.sweep())
            try:
                yield acceptor.address
            finally:
                acceptor.close()
                self.connections.close()
                sweep.cancel()

    def connection(self, place: Place) -> Connection:
        return StreamConnection(self.connections, place.transport, place=place)

    async def hears(self, count: int = 1) -> list[tuple[bytes, Flow]]:
        """Wait until so many messages have come."""
        await self.until(lambda: len(self.heard) >= count)
        return self.heard

    async def until(self, condition: Any) -> None:
        """Wait, until it holds after something has arrived, failed or gone."""
        while not condition():
            self.news.clear()
            try:
                async with asyncio.timeout(0.02):
                    await self.news.wait()
            except TimeoutError:
                continue

    def _message(self, data: bytes, flow: Flow) -> None:
        self.heard.append((data, flow))
        self.news.set()

    def _failed(self, flow: Flow) -> None:
        self.failed.append(flow)
        self.news.set()


async def gone(reader: asyncio.StreamReader) -> None:
    """Wait until the other side has closed; unread bytes make it a reset."""
    with suppress(ConnectionResetError):
        assert await reader.read() == b""
