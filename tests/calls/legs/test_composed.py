from __future__ import annotations

import asyncio

import pytest

from offhook.calls.leg import LegEnded, LegEvent, LegFailed
from offhook.calls.legs.composed import ComposedLeg


class OverNone(ComposedLeg):
    def __init__(self) -> None:
        super().__init__()
        self.dropped: list[str] = []
        self.told: list[LegEvent] = []
        self.listen(self.told.append)

    def _drop_all(self, reason: str) -> None:
        self.dropped.append(reason)


def test_it_ends_once_whether_it_is_refused_or_dropped() -> None:
    leg = OverNone()
    leg.refuse(486, "busy")
    leg.drop("again")
    assert leg.dropped == ["busy"]
    assert leg.told == [LegEnded(by_far_end=False, reason="busy")]


def test_it_is_not_ours_to_answer() -> None:
    leg = OverNone()
    leg.ring()
    for wish in (leg.answer, leg.progress):
        with pytest.raises(LegFailed, match="that we make"):
            asyncio.run(wish())
    assert leg.told == []
