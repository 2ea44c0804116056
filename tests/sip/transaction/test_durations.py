from __future__ import annotations

import pytest

from offhook.sip.settings import SipSettings
from offhook.sip.transaction.durations import Durations
from offhook.sip.transaction.table import Do


@pytest.mark.parametrize(
    ("do", "unreliable", "reliable"),
    [
        (Do.START_B, 32, 32), (Do.START_D, 32, 0), (Do.START_F, 32, 32), (Do.START_H, 32, 32), (Do.START_I, 5, 0),
        (Do.START_J, 32, 0), (Do.START_K, 5, 0), (Do.START_L, 32, 32), (Do.START_M, 32, 32),
    ],
)  # fmt: skip
def test_timers_run_as_long_as_table_4_says(do: Do, unreliable: float, reliable: float) -> None:
    durations = Durations(SipSettings())
    assert durations.once(do, reliable=False) == unreliable
    assert durations.once(do, reliable=True) == reliable


def test_timer_d_has_a_floor_when_t1_is_short() -> None:
    assert Durations(SipSettings(t1=0.1)).once(Do.START_D, reliable=False) == 32


def test_timer_e_runs_t2_while_proceeding() -> None:
    assert Durations(SipSettings()).again(Do.START_E, 0.5, proceeding=True) == 4
