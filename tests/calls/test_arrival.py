from __future__ import annotations

from offhook.calls.arrival import Arrival
from offhook.calls.leg import LegDigit, LegEnded


class Listened:
    """A leg that only remembers its listener."""

    def listen(self, listener):
        self.tell = listener


def test_a_caller_who_gives_up_meanwhile_is_noticed():
    leg = Listened()
    arrival = Arrival(leg)
    leg.tell(LegDigit(digit="1"))
    assert not arrival.over
    leg.tell(LegEnded(by_far_end=True))
    leg.tell(LegDigit(digit="1"))
    assert arrival.over
