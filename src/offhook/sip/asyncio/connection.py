"""One connection of signalling, whoever opened it: its flow, what it may keep unsent, when it was last of use."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import structlog

from offhook.security.tls import names_shown
from offhook.sip.asyncio.listeners import Place
from offhook.sip.flow import Flow, Transport

if TYPE_CHECKING:
    from offhook.sip.asyncio.connections import Connections

_LOG = structlog.get_logger(__name__)

Peer = tuple[Transport, str, int, str]
"""Transport, address, port, and whom its certificate must name."""


class Connection(asyncio.Protocol):
    """What streams and WebSockets have in common. They add ``data_received``, ``send`` and ``keep_alive``."""

    def __init__(self, owner: Connections, transport: Transport, *, place: Place | None = None, name: str = "") -> None:
        """``place``: the listener that accepted it, None when we opened it, to whom must be called ``name``."""
        self._owner = owner
        self._transport: asyncio.Transport | None = None
        self._overflowed = False
        self.place = place
        self.name = name
        self.flow = Flow(transport, "", 0)
        self.active_at = 0.0
        """When the last whole message passed, so that one who dribbles bytes counts as idle."""
        self.waiting_since: float | None = None
        """When the message began that is not whole yet."""
        self.carried: set[Flow] = set()
        """Destinations whose messages took this connection."""
        self.peers: set[Peer] = set()
        """What is sent to these takes this connection."""
        self.used = False
        """Whether it brought a message."""
        self.pinged_at = 0.0
        self.unanswered = False
        """Whether a keep-alive of ours waits for its answer, at a peer that has answered one before."""
        self._answers = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        peer = transport.get_extra_info("peername")
        if peer is None:  # it is gone already
            transport.abort()
            return
        host, port = peer[:2]
        certified = names_shown(transport.get_extra_info("peercert")) if self.flow.transport.secure else ()
        self.flow = self._owner.opened(self, Flow(self.flow.transport, host, port, certified=certified))

    def connection_lost(self, error: Exception | None) -> None:
        self._owner.closed(self, failed=error is not None or self._overflowed)

    @property
    def kept_alive(self) -> bool:
        """Whether keep-alives are ours to send: who opened a stream does it (RFC 5626 §3.5), browsers never do."""
        return self.place is None or self.flow.transport.web

    def write(self, data: bytes) -> None:
        """Send bytes; too many unsent ones close it."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        transport.write(data)
        if transport.get_write_buffer_size() > self._owner.settings.max_unsent:
            _LOG.info("connection closed: the peer does not read", peer=self.flow.host)
            self._overflowed = True
            self.abort()

    def send(self, data: bytes) -> None:
        """Send one message."""
        raise NotImplementedError

    def keep_alive(self) -> None:
        """Ask whether the peer is still there."""
        raise NotImplementedError

    def pinged(self, now: float) -> None:
        """A keep-alive of ours leaves."""
        self.pinged_at = now
        self.unanswered = self._answers
        self.keep_alive()

    def brings(self, message: bytes) -> None:
        """A whole message came."""
        self.used = True
        self._owner.touched(self)
        self._owner.on_message(message, self.flow)

    def ponged(self) -> None:
        """Its answer came: this peer gives answers."""
        self._answers, self.unanswered = True, False

    def finish(self) -> None:
        """Close it once everything is sent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
