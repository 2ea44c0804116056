"""Requests that are too large for a datagram go over TCP, and over UDP after all where TCP is refused (RFC 3261 §18.1.1)."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from offhook.sip.flow import Flow, Transport

_MOST: Final = 1000
"""Destinations remembered; the longest known is forgotten."""
_MEMORY: Final = 600.0
"""Seconds for which a destination that takes no TCP is not asked again: it would cost each of its calls a moment."""


class SizeSwitch:
    """Decides how a request leaves, and remembers who takes no TCP."""

    def __init__(self, largest: int) -> None:
        """``largest``: bytes that a request may have over UDP; 0: any number."""
        self._largest = largest
        self._refused: OrderedDict[tuple[str, int], float] = OrderedDict()

    def instead(self, flow: Flow, size: int, now: float) -> Flow | None:
        """The flow that a request of ``size`` bytes takes instead; None: as it was.

        What goes to a client over the very socket by which it registered stays there: behind its address translator
        nobody takes a connection.
        """
        if flow.transport is not Transport.UDP or flow.connection or not self._largest or size <= self._largest:
            return None
        if self._refused.get((flow.host, flow.port), now) > now:
            return None
        return flow._replace(transport=Transport.TCP)

    def refused(self, flow: Flow, now: float) -> None:
        """No TCP was to be had there."""
        self._refused.pop((flow.host, flow.port), None)
        self._refused[flow.host, flow.port] = now + _MEMORY
        if len(self._refused) > _MOST:
            self._refused.popitem(last=False)
