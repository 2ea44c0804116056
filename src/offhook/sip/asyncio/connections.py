"""All connections of signalling: which of them a message takes, and how many, how idle and how slow they may be
(RFC 3261 §18; RFC 5923 reuse; RFC 5626 keep-alives).
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable

import structlog

from offhook.security.certificates import TlsError
from offhook.security.tls import ClientTls
from offhook.sip.asyncio.connection import Connection, Peer
from offhook.sip.asyncio.stream import StreamConnection
from offhook.sip.flow import Flow, Transmit
from offhook.sip.settings import SipSettings
from offhook.sip.sources import TrustedNetworks, source_of

_LOG = structlog.get_logger(__name__)
_SWEEP = 5.0
"""Most seconds between two looks at all connections."""
_CARRIED = 100
"""Names of one peer that a connection remembers; messages under further ones are not told of its end, and time out."""


class Connections:
    """The table. ``tasks`` must be set before the first message is sent; connections of ours are opened there."""

    def __init__(
        self,
        settings: SipSettings,
        on_message: Callable[[bytes, Flow], None],
        on_batch: Callable[[], None],
        on_failed: Callable[[Flow], None],
        on_lost: Callable[[Flow], None],
        send: Callable[[Transmit], None],
        client_tls: ClientTls | None = None,
    ) -> None:
        """``on_failed`` is told a destination to which something could not be sent, ``on_lost`` the flow of a connection
        that brought messages and is gone; ``send`` takes what shall go another way instead.
        """
        self.settings = settings
        self.on_message = on_message
        self.on_batch = on_batch
        self.tasks: asyncio.TaskGroup | None = None
        self._on_failed = on_failed
        self._on_lost = on_lost
        self._send_elsewhere = send
        self._client_tls = client_tls or ClientTls(verify=settings.tls_verify, ca_file=settings.tls_ca)
        self.trusted = TrustedNetworks(settings.trust)
        """Exempt from the limits per source."""
        self._connections: dict[int, Connection] = {}
        self._by_peer: dict[Peer, Connection] = {}
        self._by_source: Counter[str] = Counter()
        self._opening: dict[Peer, list[Transmit]] = {}
        self._numbered = 0

    def close(self) -> None:
        """Close all connections, without waiting for what is unsent to arrive."""
        for connection in list(self._connections.values()):
            connection.abort()

    @property
    def size(self) -> int:
        """Connections open."""
        return len(self._connections)

    def numbered(self, number: int) -> Connection | None:
        """The connection that a flow names."""
        return self._connections.get(number)

    def send(self, transmit: Transmit, host: str, port: int = 0) -> None:
        """Send on the connection that the flow names, else on any to that peer, else on a new one to ``host``, at the port of
        the flow unless it is given. A response whose connection is gone takes the other ways that it has.
        """
        flow = transmit.destination
        peer = _peer(flow, host, port or flow.port)
        connection = self._connections.get(flow.connection) or self._by_peer.get(peer)
        if connection is not None:
            self._pass(connection, transmit.data, flow)
            return
        waiting = self._opening.get(peer)
        if flow.connection or flow.transport.web:
            self._fail(transmit)  # whoever opened it is gone, and listens nowhere else but where he says so
            if flow.connection:
                self._on_lost(flow)  # again: it may have been bound to since
        elif waiting is None:
            assert self.tasks is not None
            self._opening[peer] = [transmit]
            self.tasks.create_task(self._open(peer))
        elif sum(len(other.data) for other in waiting) + len(transmit.data) <= self.settings.max_unsent:
            waiting.append(transmit)
        else:
            self._on_failed(transmit.sender_knows)

    def _fail(self, *transmits: Transmit) -> None:
        for transmit in transmits:
            if transmit.otherwise:
                self._send_elsewhere(transmit.next)
        for flow in dict.fromkeys(transmit.sender_knows for transmit in transmits if not transmit.otherwise):
            self._on_failed(flow)

    async def _open(self, peer: Peer) -> None:
        try:
            connection = await self._connect(peer)
        except (OSError, TimeoutError, TlsError, ValueError) as error:  # ValueError: a name for no certificate
            _LOG.info("connection not opened", transport=peer[0].value, peer=peer[1], port=peer[2], error=_said(error))
            self._fail(*self._opening.pop(peer))
            return
        self._link(peer, connection)
        for transmit in self._opening.pop(peer):
            self._pass(connection, transmit.data, transmit.destination)

    def _pass(self, connection: Connection, data: bytes, flow: Flow) -> None:
        if len(connection.carried) < _CARRIED:
            connection.carried.add(flow)
        self.touched(connection)
        connection.send(data)

    async def _connect(self, peer: Peer) -> Connection:
        transport, host, port, name = peer
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self.settings.connect_timeout):
            context: ssl.SSLContext | None = None
            if transport.secure:
                name.encode("idna")  # asyncio would find out with the socket open, and leave it so
                context = await asyncio.to_thread(self._client_tls.context)
            _, connection = await loop.create_connection(
                lambda: StreamConnection(self, transport, name=name),
                host,
                port,
                ssl=context,
                server_hostname=name if context is not None else None,
            )
        return connection

    async def sweep(self) -> None:
        """Close connections that are idle or too slow, and keep those that we opened alive, for ever."""
        settings = self.settings
        wait = min(settings.idle_timeout / 4, settings.message_timeout / 2, (settings.keepalive or _SWEEP) / 2, _SWEEP)
        while True:
            await asyncio.sleep(wait)
            now = asyncio.get_running_loop().time()
            for connection in list(self._connections.values()):
                self._look_at(connection, now)

    def _look_at(self, connection: Connection, now: float) -> None:
        settings = self.settings
        since = connection.waiting_since
        if connection.active_at < now - settings.idle_timeout:
            connection.abort()
        elif since is not None and since < now - settings.message_timeout:
            _LOG.info("connection closed: half a message", peer=connection.flow.host)
            connection.abort()
        elif connection.kept_alive and settings.keepalive and connection.pinged_at < now - settings.keepalive:
            if connection.unanswered:
                _LOG.info("connection closed: no answer to keep-alives", peer=connection.flow.host)
                connection.abort()
                self.closed(connection, failed=True)
            else:
                connection.pinged(now)

    # -- told by connections ----------------------------------------------------------------------------------------

    def opened(self, connection: Connection, flow: Flow) -> Flow:
        """Take a connection into the table; gives its flow with its number."""
        settings = self.settings
        if len(self._connections) >= settings.max_connections:
            [(most, _)] = self._by_source.most_common(1)  # who opens many loses its own, not those of quiet phones
            self._drop_idlest(most)
        source = source_of(flow.host)
        if self._by_source[source] >= settings.max_connections_per_source and flow.host not in self.trusted:
            self._drop_idlest(source)
        self._numbered += 1
        flow = flow._replace(connection=self._numbered)
        self._connections[self._numbered] = connection
        self._by_source[source] += 1
        if not flow.transport.secure:
            self._link(_peer(flow, flow.host, flow.port), connection)
        self.touched(connection)
        connection.pinged_at = connection.active_at
        return flow

    def alias(self, flow: Flow, host: str, port: int) -> None:
        """The peer of ``flow`` says that what would be sent to ``host`` and ``port`` may take this connection (RFC 5923).

        It is believed if its certificate names ``host``, and without TLS if its network is trusted: otherwise anybody
        behind the same address could draw another's calls to himself.
        """
        connection = self._connections.get(flow.connection)
        believed = host in flow.certified if flow.transport.secure else flow.host in self.trusted
        if connection is None or not believed or len(connection.peers) >= _CARRIED:
            return
        self._link((flow.transport, flow.host, port, host if flow.transport.secure else ""), connection)

    def _link(self, peer: Peer, connection: Connection) -> None:
        connection.peers.add(peer)
        self._by_peer[peer] = connection

    def _drop_idlest(self, source: str) -> None:
        theirs = (one for one in self._connections.values() if source_of(one.flow.host) == source)
        idlest = min(theirs, key=lambda one: one.active_at)
        idlest.abort()
        self.closed(idlest, failed=False)

    def touched(self, connection: Connection) -> None:
        """A whole message passed."""
        connection.active_at = asyncio.get_running_loop().time()

    def waits(self, connection: Connection, *, begun: bool, anew: bool) -> None:
        """Whether part of a message lies there, and whether it began only now."""
        if not begun:
            connection.waiting_since = None
        elif anew or connection.waiting_since is None:
            connection.waiting_since = asyncio.get_running_loop().time()

    def closed(self, connection: Connection, *, failed: bool) -> None:
        """It is gone."""
        flow = connection.flow
        if self._connections.pop(flow.connection, None) is None:
            return
        source = source_of(flow.host)
        self._by_source[source] -= 1
        if not self._by_source[source]:
            del self._by_source[source]
        for peer in connection.peers:
            if self._by_peer.get(peer) is connection:
                del self._by_peer[peer]
        if failed or flow.transport.web:
            for destination in {flow, *connection.carried}:
                self._on_failed(destination)
        if connection.used:
            self._on_lost(flow)


def _peer(flow: Flow, address: str, port: int) -> Peer:
    name = (flow.name or flow.host) if flow.transport.secure else ""
    return flow.transport, address, port, name


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
