"""Asks gateways by OPTIONS whether they are there, each in its own interval, and tells their health what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from offhook.calls.trunks.live import GatewayKey, Trunks

_SPREAD = 5.0
"""Seconds over which the first questions after a start are spread."""
_SHAKEN = 0.1
"""Part of an interval by which the next one may be shorter, so that many nodes do not ask in step."""
_NOT_SPOKEN = (405, 501)
"""Of a gateway that does not know OPTIONS, and so is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """What came back for an OPTIONS."""

    code: int | None
    """Final status; None: nothing came."""
    reason: str = ""
    """In plain words, when nothing came."""
    retry_after: float | None = None
    """Seconds for which the gateway wants to be left alone."""

    @property
    def fine(self) -> bool:
        """Whether a gateway that answers so takes calls: 401 or 404 to an OPTIONS says nothing against that."""
        return self.code is not None and (self.code in _NOT_SPOKEN or (self.code < 500 and self.code != 408))


Ping = Callable[[str, float], Awaitable[Pong]]
"""Sends one OPTIONS to a URI and waits so many seconds for what comes back."""


class Prober:
    """Works while ``run`` runs."""

    def __init__(self, trunks: Trunks, ping: Ping, *, random_bits: Callable[[int], int]) -> None:
        self._trunks = trunks
        self._ping = ping
        self._random_bits = random_bits

    async def run(self) -> None:
        """Watch every gateway that wants to be watched, until cancelled."""
        watched: dict[GatewayKey, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as tasks:
            while True:
                changed = self._trunks.changed
                wanted = self._trunks.watched()
                for key in watched.keys() - wanted:
                    watched.pop(key).cancel()
                for key in wanted - watched.keys():
                    watched[key] = tasks.create_task(self._watch(key))
                await changed.wait()

    async def _watch(self, key: GatewayKey) -> None:
        await asyncio.sleep(self._chance() * _SPREAD)
        while (found := self._trunks.find(key)) is not None:
            trunk, gateway = found
            pong = await self._ping(gateway.uri, trunk.probing.timeout)
            if pong.fine:
                self._trunks.worked(trunk, gateway, call=False)
            else:
                said = pong.reason if pong.code is None else f"it answers OPTIONS with {pong.code}"
                self._trunks.failed(trunk, gateway, said, pong.retry_after)
            await asyncio.sleep(trunk.probing.interval * (1 - self._chance() * _SHAKEN))

    def _chance(self) -> float:
        return self._random_bits(16) / 65_536
