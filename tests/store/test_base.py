from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from offhook.store.base import Moment, storable
from tests.support.databases import NOW


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()])
def test_a_moment_comes_back_in_utc_whatever_zone_it_was_given_in(dialect):
    moment = Moment()
    berlin = NOW.astimezone(timezone(timedelta(hours=1)))
    assert moment.process_result_value(moment.process_bind_param(berlin, dialect), dialect) == NOW
    assert moment.process_result_value(datetime(2026, 1, 1, 12), dialect).tzinfo is UTC  # noqa: DTZ001
    assert moment.process_bind_param(None, dialect) is None
    assert moment.process_result_value(None, dialect) is None


@given(st.text(st.characters()))
def test_any_text_becomes_one_that_a_database_can_hold_and_good_text_stays(text):
    kept = storable(text)
    kept.encode()
    assert "\0" not in kept
    assert storable(kept) == kept
    if "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text):
        assert kept == text
