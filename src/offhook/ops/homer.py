"""Sends every SIP message to a Homer collector as HEP3 over UDP, credentials masked. A tap on the SIP driver.

Drop rule: at most ``hep_backlog`` messages wait to be sent; past that the oldest is dropped and counted. The network drops as
it likes, and nobody waits for it.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog

from offhook.sip.capture.hep import hep3
from offhook.sip.capture.ladder import Entry, shown
from offhook.sip.flow import Flow, HostPort
from offhook.sip.settings import SipSettings
from offhook.vocabulary.clock import Clock

log = structlog.get_logger(__name__)
_RETRY: Final = 30.0
"""Seconds until a collector whose name could not be resolved is tried again."""
_BATCH: Final = 50
"""Messages sent before others on the loop get their turn."""


class Homer:
    """Implements ``sip.capture.ladder.Tap``; sends while ``run`` runs."""

    def __init__(self, collector: tuple[str, int], settings: SipSettings, *, clock: Clock) -> None:
        self._collector = HostPort(*collector)
        self._settings = settings
        self._clock = clock
        self._monotonic = clock.monotonic
        self._waiting: deque[Entry] = deque(maxlen=settings.hep_backlog)
        self._work = asyncio.Event()
        self.dropped = 0
        """Messages that were not sent because too many waited, or because nobody listened."""
        self.local_address: Callable[[Flow], HostPort] = lambda _peer: HostPort("127.0.0.1", 5060)
        """What we are called by a peer; the driver knows."""

    def received(self, data: bytes, source: Flow) -> None:
        self._take(data, source, sent=False)

    def sent(self, data: bytes, destination: Flow) -> None:
        self._take(data, destination, sent=True)

    def _take(self, data: bytes, peer: Flow, *, sent: bool) -> None:
        if len(self._waiting) == self._settings.hep_backlog:
            self._drop()
        self._waiting.append((self._monotonic(), sent, peer, data, len(data)))
        self._work.set()

    def _drop(self) -> None:
        self.dropped += 1
        if self.dropped % 10_000 == 1:
            log.warning("hep_messages_dropped", dropped=self.dropped, collector=str(self._collector))

    async def run(self) -> None:
        """Send until cancelled. A collector that cannot be found is looked for again and again."""
        while True:
            try:
                collector = await self._open()
            except OSError as error:
                log.warning("hep_collector_not_found", collector=str(self._collector), error=str(error))
                await asyncio.sleep(_RETRY)
                continue
            with collector:
                await self._send(collector)

    async def _open(self) -> socket.socket:
        """A socket that leads to the collector. Raises ``OSError``."""
        found = await asyncio.get_running_loop().getaddrinfo(*self._collector, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = found[0]
        collector = socket.socket(family, kind, protocol)
        try:
            collector.setblocking(False)
            collector.connect(address)
        except OSError:
            collector.close()
            raise
        return collector

    async def _send(self, collector: socket.socket) -> None:
        while True:
            self._work.clear()
            for _ in range(min(_BATCH, len(self._waiting))):
                try:
                    collector.send(self._packed(self._waiting.popleft()))
                except OSError:  # the kernel's buffer is full, or nobody listens there at present
                    self._drop()
            if self._waiting:
                await asyncio.sleep(0)
            else:
                await self._work.wait()

    def _packed(self, entry: Entry) -> bytes:
        at = self._clock.utc() - timedelta(seconds=self._monotonic() - entry[0])
        message = shown(entry, leg="", at=at, local=self.local_address(entry[2]))
        return hep3(message, agent=self._settings.hep_id, password=self._settings.hep_password)
