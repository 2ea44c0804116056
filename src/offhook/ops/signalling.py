"""What is kept and told of signalling: the ladders of calls, and a Homer collector where there is one."""

from __future__ import annotations

from collections.abc import Callable

from offhook.ops.homer import Homer
from offhook.ops.ladders import Ladders
from offhook.sip.flow import Flow, HostPort
from offhook.sip.settings import SipSettings
from offhook.vocabulary.clock import Clock


class SignallingWatch:
    """Implements ``sip.capture.ladder.Tap`` for both."""

    def __init__(self, settings: SipSettings, *, clock: Clock) -> None:
        self.ladders = Ladders(settings, clock=clock)
        self._homer = None if settings.hep is None else Homer(settings.hep, settings, clock=clock)

    def received(self, data: bytes, source: Flow) -> None:
        self.ladders.received(data, source)
        if self._homer is not None:
            self._homer.received(data, source)

    def sent(self, data: bytes, destination: Flow) -> None:
        self.ladders.sent(data, destination)
        if self._homer is not None:
            self._homer.sent(data, destination)

    async def run(self, local_address: Callable[[Flow], HostPort]) -> None:
        """Send to the collector until cancelled; returns at once when there is none.

        ``local_address`` tells what we are called by a peer.
        """
        self.ladders.local_address = local_address
        if self._homer is not None:
            self._homer.local_address = local_address
            await self._homer.run()
