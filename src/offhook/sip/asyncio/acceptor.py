"""A listening socket for connections. Who connects is counted before TLS costs anything: handshakes are bounded in number
and in time.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Callable

import structlog

from offhook.security.tls import ServerTls
from offhook.sip.flow import HostPort
from offhook.sip.settings import SipSettings
from offhook.sip.sources import TrustedNetworks, source_of

_LOG = structlog.get_logger(__name__)
_BACKLOG = 512
_BATCH = 64
"""Connections accepted before other work gets its turn."""
_PAUSE = 1.0
"""Seconds without accepting after the system had nothing to give, descriptors for instance."""
_PROBES = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 15), (socket.TCP_KEEPCNT, 4))
"""The kernel's own keep-alive: a peer that vanished is noticed within two minutes of silence."""


class Handshakes:
    """Connections of all listeners that are not established yet."""

    def __init__(
        self, settings: SipSettings, trusted: TrustedNetworks, banned: Callable[[str], bool] = lambda _host: False
    ) -> None:
        """``banned`` says of an address whether nobody listens to it."""
        self._banned = banned
        self._most = settings.max_handshakes
        self._share = max(1, self._most // 4)
        self._trusted = trusted
        self._by_source: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._by_source.total()

    def enter(self, host: str) -> bool:
        """Count one; False when there are too many, of this source or at all, or when the source is banned."""
        if self._banned(host) or len(self) >= self._most:
            return False
        source = source_of(host)
        if self._by_source[source] >= self._share and host not in self._trusted:
            return False
        self._by_source[source] += 1
        return True

    def leave(self, host: str) -> None:
        source = source_of(host)
        self._by_source[source] -= 1
        if not self._by_source[source]:
            del self._by_source[source]


class Acceptor:
    """Bound at once, accepting from ``open`` to ``close``."""

    def __init__(
        self,
        address: HostPort,
        handshakes: Handshakes,
        *,
        timeout: float,
        tls: ServerTls | None = None,
    ) -> None:
        """``timeout`` are the seconds that a TLS handshake may take."""
        self._handshakes = handshakes
        self._timeout = timeout
        self._tls = tls
        self._tasks: asyncio.TaskGroup | None = None
        self._pending: set[asyncio.Task[None]] = set()
        self._pause: asyncio.TimerHandle | None = None
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self._socket.bind(address)
            self._socket.listen(_BACKLOG)
        except OSError:
            self._socket.close()
            raise
        host, port = self._socket.getsockname()[:2]
        self.address = HostPort(host, port)

    def open(self, tasks: asyncio.TaskGroup, make: Callable[[], asyncio.Protocol]) -> None:
        """Begin to accept; ``make`` is called for each connection, handshakes run in ``tasks``."""
        self._tasks = tasks
        self._make = make
        self._read()

    def close(self) -> None:
        """Accept no more, and give up handshakes that are under way."""
        if self._pause is not None:
            self._pause.cancel()
        elif self._tasks is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
        for task in self._pending:
            task.cancel()
        self._socket.close()

    def _read(self) -> None:
        self._pause = None
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._readable)

    def _readable(self) -> None:
        for _ in range(_BATCH):
            try:
                accepted, (host, *_rest) = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                _LOG.error("connections cannot be accepted", listener=str(self.address), error=str(error))
                loop = asyncio.get_running_loop()
                loop.remove_reader(self._socket.fileno())
                self._pause = loop.call_later(_PAUSE, self._read)
                return
            self._take(accepted, host)

    def _take(self, accepted: socket.socket, host: str) -> None:
        assert self._tasks is not None
        if not self._handshakes.enter(host):
            accepted.close()
            return
        accepted.setblocking(False)
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for option, value in _PROBES:
            accepted.setsockopt(socket.IPPROTO_TCP, option, value)
        task = self._tasks.create_task(self._establish(accepted, host))
        self._pending.add(task)

        def over(ended: asyncio.Task[None]) -> None:
            self._pending.discard(ended)
            self._handshakes.leave(host)

        task.add_done_callback(over)

    async def _establish(self, accepted: socket.socket, host: str) -> None:
        loop = asyncio.get_running_loop()
        try:
            if self._tls is None:
                await loop.connect_accepted_socket(self._make, accepted)
            else:
                await loop.connect_accepted_socket(
                    self._make, accepted, ssl=self._tls.context, ssl_handshake_timeout=self._timeout
                )
        except OSError as error:  # TLS errors and time-outs are such
            _LOG.debug("connection not established", peer=host, error=str(error) or type(error).__name__)
        except Exception:  # noqa: BLE001  (what one connection meets must not end the listener)
            _LOG.exception("a connection could not be established", peer=host)
            accepted.close()
