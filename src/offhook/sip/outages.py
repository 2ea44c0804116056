"""Which servers are down: those that asked for a pause (503 with Retry-After, RFC 3261 §21.5.4) or did not respond."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from offhook.sip.flow import Flow
from offhook.sip.headers import retry_after
from offhook.sip.message import Response
from offhook.sip.settings import SipSettings

_MOST = 1000
"""Servers remembered; the one noted first is forgotten for a new one."""


class Outages:
    """What is known about servers that failed. It forgets by itself."""

    def __init__(self, settings: SipSettings) -> None:
        self._settings = settings
        self._paused: OrderedDict[Flow, float] = OrderedDict()
        """Until when they want no request."""
        self._silent: OrderedDict[Flow, float] = OrderedDict()
        """Until when others are tried before them."""

    def __len__(self) -> int:
        return len(self._paused) + len(self._silent)

    def worth_trying(self, flows: Sequence[Flow], now: float) -> tuple[Flow, ...]:
        """Those of ``flows`` that have not asked for a pause; the ones that lately did not respond come last."""
        if not self._paused and not self._silent:
            return tuple(flows)
        awake = [flow for flow in flows if not _stands(self._paused, flow, now)]
        return tuple(sorted(awake, key=lambda flow: _stands(self._silent, flow, now)))

    def unavailable(self, flow: Flow, response: Response, now: float) -> None:
        """It answered 503."""
        self._silent.pop(flow, None)
        seconds = min(retry_after(response.get("retry-after")) or 0.0, self._settings.retry_after_limit)
        if seconds > 0:
            _note(self._paused, flow, now + seconds)

    def silent(self, flow: Flow, now: float) -> None:
        """It did not respond, or could not be reached."""
        if self._settings.failover_memory > 0:
            _note(self._silent, flow, now + self._settings.failover_memory)

    def responds(self, flow: Flow) -> None:
        """It is there, whatever it said."""
        self._silent.pop(flow, None)


def _stands(table: OrderedDict[Flow, float], flow: Flow, now: float) -> bool:
    until = table.get(flow)
    if until is None:
        return False
    if until <= now:
        del table[flow]
        return False
    return True


def _note(table: OrderedDict[Flow, float], flow: Flow, until: float) -> None:
    table.pop(flow, None)
    while len(table) >= _MOST:
        table.popitem(last=False)
    table[flow] = until
