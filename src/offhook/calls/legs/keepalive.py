"""Keep-alive of registered clients: OPTIONS to each in rounds, which also holds a NAT open, and the end of dead bindings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from offhook.sip.errors import SipError
from offhook.sip.events import PingAnswered, RequestHandle
from offhook.sip.registrar import Binding
from offhook.sip.rounds import Rounds
from offhook.sip.signalling import Signalling

log = structlog.get_logger(__name__)


class KeepAlive:
    """Asks and hears. ``run`` works until cancelled."""

    def __init__(self, rounds: Rounds, signalling: Signalling, now: Callable[[], float]) -> None:
        """``now`` is the clock of the location table, in seconds."""
        self._rounds = rounds
        self._signalling = signalling
        self._now = now
        self.on_gone: Callable[[str], None] = lambda _address: None
        """Told of every address that lost a contact."""
        self._open: dict[RequestHandle, tuple[str, Binding]] = {}
        self._early: set[RequestHandle] | None = None
        """Answers that came while the question was being sent; None while none is."""

    async def run(self) -> None:
        """Go round and round."""
        while True:
            await asyncio.sleep(self._rounds.pause)
            for address, binding in self._rounds.due(self._now()):
                self._ask(address, binding)

    def hear(self, event: PingAnswered) -> None:
        """Take the answer to a ping, if it was one of these."""
        asked = self._open.pop(event.handle, None)
        if asked is not None:
            self._judge(*asked, alive=event.code is not None)
        elif self._early is not None:
            self._early.add(event.handle)

    def __len__(self) -> int:
        """Questions that are open."""
        return len(self._open)

    def _ask(self, address: str, binding: Binding) -> None:
        self._early = set()
        try:
            handle = self._signalling.ping(str(binding.target), (binding.flow,), binding.path)
        except (SipError, OSError) as error:
            log.debug("client_not_asked", client=address, error=str(error))
            self._judge(address, binding, alive=False)
        else:
            if handle in self._early:
                self._judge(address, binding, alive=False)  # only a failure to send is told so soon
            else:
                self._open[handle] = (address, binding)
        finally:
            self._early = None

    def _judge(self, address: str, binding: Binding, *, alive: bool) -> None:
        if alive:
            self._rounds.answered(address, binding)
        elif self._rounds.unanswered(address, binding):
            log.info("client_gone", client=address, contact=str(binding.target))
            self.on_gone(address)
