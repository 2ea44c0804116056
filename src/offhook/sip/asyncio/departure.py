"""Departure of messages: names are resolved, and each is given to the socket or connection that leads to its destination."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from offhook.sip.asyncio.connections import Connections
from offhook.sip.asyncio.listeners import Listeners
from offhook.sip.asyncio.resolver import Resolver
from offhook.sip.capture.ladder import Tap
from offhook.sip.errors import NotLocated
from offhook.sip.flow import Flow, Transmit, Transport
from offhook.sip.locating import is_address

_LOG = structlog.get_logger(__name__)
_MAX_UNRESOLVED = 1000
"""Messages that wait for names; more are dropped as if the name had no address."""


class Departure:
    """Sends, in order for each destination."""

    def __init__(
        self,
        resolver: Resolver,
        listeners: Listeners,
        connections: Connections,
        tap: Tap,
        tasks: asyncio.TaskGroup,
        failed: Callable[[Flow], None],
        settle: Callable[[], None],
    ) -> None:
        """``failed`` is told a destination to which something could not be sent; ``settle`` lets what follows from that happen,
        where nobody else does.
        """
        self._resolver = resolver
        self._listeners = listeners
        self._connections = connections
        self._tap = tap
        self._tasks = tasks
        self._failed = failed
        self._settle = settle
        self._unresolved: dict[Flow, list[Transmit]] = {}

    def send(self, transmit: Transmit) -> None:
        """Send it, now or when its name is resolved."""
        flow = transmit.destination
        if is_address(flow.host):
            self._send_to(transmit, flow)
            return
        waiting = self._unresolved.get(flow)
        if waiting is not None:
            waiting.append(transmit)  # in order, also when the answer is known by now
        elif (address := self._resolver.at_once(flow)) is not None:
            self._send_to(transmit, address)
        elif sum(map(len, self._unresolved.values())) < _MAX_UNRESOLVED:
            self._unresolved[flow] = [transmit]
            self._tasks.create_task(self._resolve(flow))
        else:
            self._failed(transmit.sender_knows)

    async def _resolve(self, flow: Flow) -> None:
        address: Flow | None = None
        try:
            address = await self._resolver.address(flow)
        except NotLocated as error:
            _LOG.info("name not resolved", host=flow.host, error=str(error))
        for transmit in self._unresolved.pop(flow):
            if address is None:
                self._failed(transmit.sender_knows)
            else:
                self._send_to(transmit, address)
        self._settle()

    def _send_to(self, transmit: Transmit, address: Flow) -> None:
        flow = transmit.destination
        self._tap.sent(transmit.data, address)
        if flow.transport is not Transport.UDP:
            self._connections.send(transmit, address.host, address.port)
            return
        datagrams = self._listeners.udp(flow.connection, address.host)
        if datagrams is None or not datagrams.send(transmit.data, address.host, address.port):
            self._failed(flow)
