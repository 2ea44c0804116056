from __future__ import annotations

import pytest

from offhook.media import results
from offhook.media.events import Closed, Done, Measured, Played, Statistics
from offhook.media.operation import MediaFailed


def test_a_result_of_another_kind_is_a_failure_of_the_engine() -> None:
    read = results.reader(Played, Played(duration=0))
    assert read(Played(duration=20)).duration == 20
    assert read(None).duration == 0
    with pytest.raises(MediaFailed, match="Played was due"):
        read(Done())
    with pytest.raises(MediaFailed):
        results.reader(Played)(None)


def test_figures_come_at_any_time_and_at_the_end() -> None:
    seen = Statistics(packets_sent=3)
    assert results.statistics(Measured(statistics=seen)) == results.statistics(Closed(statistics=seen)) == seen
    assert results.statistics(None) == Statistics()
