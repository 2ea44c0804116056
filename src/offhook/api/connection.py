"""One connection of the HTTPS server, which its client must use: a head that is late or too large ends it.

Uvicorn bounds neither; silent connections would take all places, and endless heads the memory. Bodies are ``envelope``'s matter.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle


class Connection(HttpToolsProtocol):
    """A connection that waits for its client only so long."""

    patience: float
    head_limit: int
    _late: asyncio.TimerHandle | None = None
    _head = 0
    _in_body = False
    _remainder: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        if self._late is None and not self._in_body and self._answered():
            self._await_head()
        awaited = self._late
        super().data_received(data)
        if awaited is not None and self._late is awaited:  # still no head; what came with a whole one was its body
            self._head += len(data)
            if self._head > self.head_limit and not self.transport.is_closing():
                self.transport.abort()

    def on_headers_complete(self) -> None:
        _stop(self._late)
        self._late = None
        self._in_body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_body = False
        if self._remainder is not None:
            _stop(self._remainder)
            self._remainder = None
            self._await_head()

    def on_response_complete(self) -> None:
        # Refused before its end: the rest of the body is read, so that a client that still sends hears why.
        if self._in_body and self._answered():
            self._remainder = self.loop.call_later(self.patience, self.timeout_keep_alive_handler)
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        _stop(self._late)
        _stop(self._remainder)
        super().connection_lost(exc)

    def _answered(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _await_head(self) -> None:
        self._head = 0
        self._late = self.loop.call_later(self.patience, self.timeout_keep_alive_handler)


def connection_class(*, patience: float, head_limit: int) -> type[asyncio.Protocol]:
    """A protocol that waits ``patience`` seconds for the head of a request, of ``head_limit`` bytes at most.

    As long it waits for the rest of a body that has its answer already.
    """

    class Bounded(Connection):
        pass

    Bounded.patience, Bounded.head_limit = patience, head_limit
    return Bounded


def _stop(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
