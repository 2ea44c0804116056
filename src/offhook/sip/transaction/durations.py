"""How long Timers A to M run: RFC 3261 table 4 (appendix A), RFC 6026 §8.7 for L and M."""

from __future__ import annotations

from offhook.sip.settings import SipSettings
from offhook.sip.transaction.table import Do

_FLOOR_OF_D = 32.0
"""§17.1.1.2: Timer D is at least 32 s on unreliable transports."""


class Durations:
    """Durations in seconds, computed once from T1, T2 and T4."""

    def __init__(self, settings: SipSettings) -> None:
        t1, t2, t4 = settings.t1, settings.t2, settings.t4
        patience = 64 * t1
        self.patience = patience
        """64*T1: how long a message is retransmitted, and how long its retransmissions are expected."""
        self.t1 = t1
        self.t2 = t2
        self._unreliable = {
            Do.START_B: patience,
            Do.START_D: max(_FLOOR_OF_D, patience),
            Do.START_F: patience,
            Do.START_H: patience,
            Do.START_I: t4,
            Do.START_J: patience,
            Do.START_K: t4,
            Do.START_L: patience,
            Do.START_M: patience,
        }
        self._reliable = self._unreliable | {Do.START_D: 0.0, Do.START_I: 0.0, Do.START_J: 0.0, Do.START_K: 0.0}

    def once(self, do: Do, *, reliable: bool) -> float:
        """Of a timer that fires once: B, D, F, H, I, J, K, L or M."""
        return self._reliable[do] if reliable else self._unreliable[do]

    def again(self, do: Do, previous: float | None, *, proceeding: bool) -> float:
        """Of a timer that retransmits (A, E or G), after an interval of ``previous`` (None: the first)."""
        if proceeding:
            return self.t2  # §17.1.2.2: E in Proceeding
        if previous is None:
            return self.t1
        return previous * 2 if do is Do.START_A else min(previous * 2, self.t2)
