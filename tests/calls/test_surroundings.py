from __future__ import annotations

from offhook.calls.surroundings import Plan


def test_a_call_of_which_nothing_is_said_is_neither_recorded_nor_asked_who_answered() -> None:
    plan = Plan()
    assert plan.record is None
    assert plan.machine_detection is None
