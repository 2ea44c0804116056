import pytest

from offhook.records.settings import RecordsSettings


def test_a_backlog_that_keeps_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="records.backlog"):
        RecordsSettings(backlog=0)
    assert RecordsSettings(backlog=1).backlog == 1
