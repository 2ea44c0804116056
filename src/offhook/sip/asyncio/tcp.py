"""SIP over TCP: a listener, connections of ours, and which of them a message takes (RFC 3261 §18, RFC 5923 reuse).

It knows no SIP but where one message ends and the next begins.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import cast

import structlog

from offhook.sip.errors import RemoteProtocolError
from offhook.sip.flow import Flow, HostPort, Transport
from offhook.sip.framing import KeepAlive, StreamFramer
from offhook.sip.settings import SipSettings

_LOG = structlog.get_logger(__name__)


class Connection(asyncio.Protocol):
    """One connection, whoever opened it."""

    def __init__(self, owner: TcpTransport) -> None:
        self._owner = owner
        self._framer = StreamFramer()
        self._transport: asyncio.Transport | None = None
        self._overflowed = False
        self.flow = Flow(Transport.TCP, "", 0)
        self.active_at = 0.0
        """When the last whole message passed, so that one who dribbles bytes counts as idle."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        host, port = transport.get_extra_info("peername")[:2]
        self.flow = self._owner.opened(self, host, port)

    def data_received(self, data: bytes) -> None:
        try:
            frames = self._framer.receive(data)
        except RemoteProtocolError as error:
            _LOG.debug("connection closed: unreadable", peer=self.flow.host, error=str(error))
            self.abort()
            return
        for frame in frames:
            self._owner.touched(self)
            if isinstance(frame, KeepAlive):
                if frame is KeepAlive.PING:
                    self.write(KeepAlive.PONG.value)
            else:
                self._owner.on_message(frame, self.flow)
        self._owner.on_batch()

    def connection_lost(self, error: Exception | None) -> None:
        self._owner.closed(self, failed=error is not None or self._overflowed)

    def write(self, data: bytes) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        transport.write(data)
        if transport.get_write_buffer_size() > self._owner.settings.max_unsent:
            _LOG.info("connection closed: the peer does not read", peer=self.flow.host)
            self._overflowed = True
            self.abort()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class TcpTransport:
    """All TCP connections of the endpoint, bounded in number, idleness and unsent bytes."""

    def __init__(
        self,
        settings: SipSettings,
        on_message: Callable[[bytes, Flow], None],
        on_batch: Callable[[], None],
        on_failed: Callable[[Flow], None],
    ) -> None:
        """``on_failed`` is told a destination to which something could not be sent."""
        self.settings = settings
        self.on_message = on_message
        self.on_batch = on_batch
        self._on_failed = on_failed
        self._server: asyncio.Server | None = None
        self._connections: dict[int, Connection] = {}
        self._by_peer: dict[HostPort, Connection] = {}
        self._opening: dict[HostPort, list[tuple[bytes, Flow]]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._numbered = 0

    async def listen(self, address: HostPort, tasks: asyncio.TaskGroup) -> HostPort:
        """Bind and accept; connections of ours are opened in ``tasks``. Gives the address that was bound."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), address.host, address.port, backlog=512)
        self._tasks = tasks
        host, port = self._server.sockets[0].getsockname()[:2]
        return HostPort(host, port)

    def close(self) -> None:
        """Close the listener and, without waiting for what is unsent to arrive, all connections."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections.values()):
            connection.abort()

    @property
    def size(self) -> int:
        """Connections open."""
        return len(self._connections)

    def send(self, data: bytes, flow: Flow, host: str) -> None:
        """Send on the connection that ``flow`` names, else on any to that peer, else on a new one to ``host``."""
        connection = self._connections.get(flow.connection) or self._by_peer.get(HostPort(host, flow.port))
        if connection is not None:
            self.touched(connection)
            connection.write(data)
            return
        peer = HostPort(host, flow.port)
        waiting = self._opening.get(peer)
        if waiting is None:
            assert self._tasks is not None
            self._opening[peer] = [(data, flow)]
            self._tasks.create_task(self._connect(peer))
        elif sum(len(other) for other, _ in waiting) + len(data) <= self.settings.max_unsent:
            waiting.append((data, flow))
        else:
            self._on_failed(flow)

    async def _connect(self, peer: HostPort) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.settings.connect_timeout):
                _, connection = await loop.create_connection(lambda: Connection(self), peer.host, peer.port)
        except (OSError, TimeoutError) as error:
            _LOG.debug("connection not opened", peer=str(peer), error=str(error))
            for flow in dict.fromkeys(flow for _, flow in self._opening.pop(peer)):
                self._on_failed(flow)
            return
        for data, _ in self._opening.pop(peer):
            connection.write(data)

    async def sweep(self) -> None:
        """Close idle connections, for ever."""
        while True:
            await asyncio.sleep(self.settings.idle_timeout / 4)
            old = asyncio.get_running_loop().time() - self.settings.idle_timeout
            for connection in [one for one in self._connections.values() if one.active_at < old]:
                connection.abort()

    # -- told by connections ----------------------------------------------------------------------------------------

    def opened(self, connection: Connection, host: str, port: int) -> Flow:
        if len(self._connections) >= self.settings.max_connections:
            idlest = self._idlest_of_who_has_most()
            idlest.abort()
            self.closed(idlest, failed=False)
        self._numbered += 1
        self._connections[self._numbered] = connection
        self._by_peer[HostPort(host, port)] = connection
        self.touched(connection)
        return Flow(Transport.TCP, host, port, self._numbered)

    def _idlest_of_who_has_most(self) -> Connection:
        """Who opens many connections loses its own, not those of quiet phones elsewhere."""
        [(host, _)] = Counter(one.flow.host for one in self._connections.values()).most_common(1)
        theirs = (one for one in self._connections.values() if one.flow.host == host)
        return min(theirs, key=lambda one: one.active_at)

    def touched(self, connection: Connection) -> None:
        connection.active_at = asyncio.get_running_loop().time()

    def closed(self, connection: Connection, *, failed: bool) -> None:
        flow = connection.flow
        if self._connections.pop(flow.connection, None) is None:
            return
        peer = HostPort(flow.host, flow.port)
        if self._by_peer.get(peer) is connection:
            del self._by_peer[peer]
        if failed:
            self._on_failed(flow)
            self._on_failed(flow._replace(connection=0))
