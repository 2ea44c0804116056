"""One connection of the HTTPS server, which its client must use: who is late, silent or endless loses it.

Uvicorn bounds none of this; such connections would take all places, and endless heads the memory. Bodies are ``envelope``'s
matter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum, auto

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle


class Wait(Enum):
    """What may be waited for, each for ``patience`` seconds."""

    HEAD = auto()
    """The head of a request."""
    REMAINDER = auto()
    """The rest of a body that has its answer already."""
    READER = auto()
    """That the client reads some of what was sent."""
    TURN = auto()
    """That the request before one which came early (pipelined) is answered."""


class Connection(HttpToolsProtocol):
    """A connection that waits for its client only so long."""

    patience: float
    head_limit: int

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        self._waits: dict[Wait, asyncio.TimerHandle] = {}
        self._pending = 0
        """Since the last head, body or end of a message: what a head, or trailers without end, keep in memory."""
        self._moved = False
        self._in_body = False
        self._open: list[RequestResponseCycle] = []
        super().connection_made(transport)
        self._wait(Wait.HEAD, self.timeout_keep_alive_handler)

    def data_received(self, data: bytes) -> None:
        if Wait.HEAD not in self._waits and not self._in_body and self._answered():
            self._wait(Wait.HEAD, self.timeout_keep_alive_handler)
        self._moved = False
        super().data_received(data)
        self._pending = 0 if self._moved else self._pending + len(data)
        if self._pending > self.head_limit and not self.transport.is_closing():
            self.transport.abort()

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade() and self._should_upgrade():
            super().on_headers_complete()  # ``handle_websocket_upgrade`` follows
            return
        self._moved = self._in_body = True
        self._stop(Wait.HEAD)
        self._unset_keepalive_if_required()
        super().on_headers_complete()
        if self.parser.should_upgrade():
            self.cycle.keep_alive = False  # the parser takes what follows for another protocol, or for another request
        self._open = [cycle for cycle in self._open if not cycle.response_complete] + [self.cycle]
        if self.pipeline and Wait.TURN not in self._waits:
            self._wait(Wait.TURN, self.transport.abort)

    def handle_websocket_upgrade(self) -> None:
        if not self._answered() or self.pipeline:
            self.transport.abort()  # two would write to it
            return
        self._let_go()
        super().handle_websocket_upgrade()

    def on_body(self, body: bytes) -> None:
        self._moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._moved = True
        super().on_message_complete()
        self._in_body = False
        if Wait.REMAINDER in self._waits:
            self._stop(Wait.REMAINDER)
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_response_complete(self) -> None:
        # Refused before its end: the rest of the body is read, so that a client that still sends hears why.
        if self._in_body and self._answered():
            self._wait(Wait.REMAINDER, self.timeout_keep_alive_handler)
        self._stop(Wait.TURN)
        super().on_response_complete()
        if self.pipeline and not self.transport.is_closing():
            self._wait(Wait.TURN, self.transport.abort)
            self.flow.pause_reading()  # or each answer would let a piece full of further requests in

    def pause_writing(self) -> None:
        super().pause_writing()
        self._wait(Wait.READER, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop(Wait.READER)
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._let_go()
        for cycle in self._open:  # uvicorn tells only the newest, and the others would go on for nobody
            if not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()

    def _let_go(self) -> None:
        for wait in Wait:
            self._stop(wait)
        self._unset_keepalive_if_required()

    def _answered(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _wait(self, what: Wait, end: Callable[[], None]) -> None:
        self._stop(what)
        self._waits[what] = self.loop.call_later(self.patience, end)

    def _stop(self, what: Wait) -> None:
        timer = self._waits.pop(what, None)
        if timer is not None:
            timer.cancel()


def connection_class(*, patience: float, head_limit: int) -> type[asyncio.Protocol]:
    """A protocol that waits ``patience`` seconds for each thing that ``Wait`` lists, and keeps ``head_limit`` bytes of a
    head or of trailers at most.
    """

    class Bounded(Connection):
        pass

    Bounded.patience, Bounded.head_limit = patience, head_limit
    return Bounded
