"""The HTTPS server of the API, in the process and on the loop of the calls. It serves no plain HTTP: a client that speaks it
gets no answer but a closed connection, because the port expects a TLS handshake.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import weakref
from collections.abc import Callable, Iterator
from typing import Any, Protocol, Self, cast

import structlog
import uvicorn
from starlette.types import ASGIApp

from offhook.api.connection import connection_class
from offhook.api.settings import ApiSettings, origin

log = structlog.get_logger(__name__)

_START_TIMEOUT = 10.0


class ListenError(Exception):
    """The port cannot be opened; the message says which and what to do."""


class _Uvicorn(uvicorn.Server):
    """Leaves the signals to the program, and tells when it serves."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serving = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.serving.set()


class WebSocket(Protocol):
    """A connection that became a WebSocket: an ``asyncio.Protocol`` that can be cut off."""

    def abort(self) -> None: ...


class ApiServer:
    """Async context manager: listening once entered, drained and closed once left."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: ApiSettings,
        context: ssl.SSLContext,
        closing: Callable[[], None] = lambda: None,
        web_socket: Callable[[tuple[str, int]], WebSocket] | None = None,
    ) -> None:
        """``closing`` is called first when the server stops: it ends what would otherwise stream on. ``web_socket`` makes
        what takes over a connection that asks to become a WebSocket, given our address; None refuses such requests.
        """
        self._closing = closing
        self._web_socket = web_socket
        self._web_sockets: weakref.WeakSet[WebSocket] = weakref.WeakSet()
        self._socket = _bind(settings.host, settings.port)
        self._uvicorn = _Uvicorn(
            uvicorn.Config(
                app,
                ssl_context_factory=lambda _config, _default: context,
                http=connection_class(patience=settings.head_timeout, head_limit=settings.head_limit),
                ws="none" if web_socket is None else cast("type[asyncio.Protocol]", self._upgraded),
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=settings.connections,
                timeout_keep_alive=max(1, round(settings.keep_alive)),
                timeout_graceful_shutdown=max(1, round(settings.drain)),
            )
        )
        self._tasks = asyncio.TaskGroup()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port in use, the real port where 0 was asked for."""
        host, port, *_ = self._socket.getsockname()
        return host, port

    @property
    def url(self) -> str:
        """Origin of the API for clients on this machine: ``https://127.0.0.1:8443``."""
        return origin(*self.address)

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._tasks.create_task(self._uvicorn.serve(sockets=[self._socket]), name="api-server")
        async with asyncio.timeout(_START_TIMEOUT):
            await self._uvicorn.serving.wait()
        log.info("api_listening", url=self.url)
        return self

    async def __aexit__(self, *error: object) -> None:
        """Stop accepting, let requests in progress finish for ``drain`` seconds, then drop them."""
        self._closing()
        for web_socket in self._web_sockets:
            web_socket.abort()
        self._uvicorn.should_exit = True
        await self._tasks.__aexit__(None, None, None)

    def _upgraded(self, **_uvicorn: Any) -> WebSocket:
        assert self._web_socket is not None
        made = self._web_socket(self.address)
        self._web_sockets.add(made)
        return made


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit it. Head and body of a response are two writes, and without it the second waits 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((host, port))
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise ListenError(
            f"Cannot listen for HTTPS on {host}:{port}: {error.strerror}. Stop what uses the port, or choose another (--http)."
        ) from error
    return listener
