"""One connection of the HTTPS server, which its client must use: a head that is late or too large ends it.

Uvicorn bounds neither; silent connections would take all places, and endless heads the memory. Bodies are ``envelope``'s matter.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle


def connection_class(*, patience: float, head_limit: int) -> type[asyncio.Protocol]:
    """A protocol that waits ``patience`` seconds for the head of a request, of ``head_limit`` bytes at most."""

    class Connection(HttpToolsProtocol):
        _late: asyncio.TimerHandle | None = None
        _head = 0

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
            super().connection_made(transport)
            self._await_head()

        def data_received(self, data: bytes) -> None:
            cycle: RequestResponseCycle | None = self.cycle
            if self._late is None and (cycle is None or cycle.response_complete):
                self._await_head()
            super().data_received(data)
            if self._late is not None:  # still no head; what came with a whole one was its body
                self._head += len(data)
                if self._head > head_limit and not self.transport.is_closing():
                    self.transport.abort()

        def on_headers_complete(self) -> None:
            self._head_is_here()
            super().on_headers_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self._head_is_here()
            super().connection_lost(exc)

        def _await_head(self) -> None:
            self._head = 0
            self._late = self.loop.call_later(patience, self.timeout_keep_alive_handler)

        def _head_is_here(self) -> None:
            if self._late is not None:
                self._late.cancel()
                self._late = None

    return Connection
