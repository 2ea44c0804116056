"""Listens to a leg until a call does: a caller may give up while we still ask who it is."""

from __future__ import annotations

from offhook.calls.leg import Leg, LegEnded, LegEvent


class Arrival:
    """A leg that came in and is no call yet."""

    def __init__(self, leg: Leg) -> None:
        self.over = False
        leg.listen(self._hear)

    def _hear(self, event: LegEvent) -> None:
        self.over = self.over or isinstance(event, LegEnded)
