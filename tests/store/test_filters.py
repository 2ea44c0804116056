import asyncio
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from offhook.store.calls import CallRow
from offhook.store.filters import Span, narrowed, text_contains, text_matches
from offhook.store.organizations import OrganizationRow
from tests.support.databases import KINDS, populated


def sql(condition):
    return str(condition.compile(compile_kwargs={"literal_binds": True}))


def test_only_percent_and_star_are_special_in_a_pattern():
    assert sql(text_matches(CallRow.to, "1_0")) == "calls.to_ = '1_0'"
    assert sql(text_matches(CallRow.to, "49%")).startswith("lower(calls.to_) LIKE lower('49%")
    assert r"a\_b%" in sql(text_matches(CallRow.to, "a_b*")).replace("\\\\", "\\").replace("%%", "%")


def test_a_part_is_taken_literally():
    assert "50/%" in sql(text_contains(CallRow.to, "50%")).replace("%%", "%")


@pytest.mark.parametrize("kind", KINDS)
def test_capitals_matter_in_no_pattern_on_no_database(kind, tmp_path):
    async def scene():
        name = OrganizationRow.domain_name
        async with populated(kind, tmp_path) as database, database.reading() as session:
            for condition in (text_matches(name, "EXAMPLE%"), text_contains(name, "LE.o")):
                assert (await session.scalars(select(name).where(condition))).all() == ["example.org"]

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("span", "wanted"),
    [
        (Span(), []),
        (Span(on=date(2026, 1, 1)), [">= 2026-01-01 00:00:00+00:00", "< 2026-01-02 00:00:00+00:00"]),
        (Span(since=date(2026, 1, 1)), [">= 2026-01-01 00:00:00+00:00"]),
        (Span(until=date(2026, 1, 1)), ["< 2026-01-02 00:00:00+00:00"]),
        (Span(until=datetime(2026, 1, 1, 5, tzinfo=UTC)), ["<= 2026-01-01 05:00:00+00:00"]),
    ],
)
def test_days_are_whole_and_in_utc(span, wanted):
    found = [
        f"{condition.operator.__name__} {condition.right.value}" for condition in span.conditions(CallRow.start_time)
    ]
    names = {"ge": ">=", "lt": "<", "le": "<="}
    assert [f"{names[text.split()[0]]} {text.split(maxsplit=1)[1]}" for text in found] == wanted


def test_no_condition_leaves_a_query_as_it_is():
    query = select(CallRow)
    assert narrowed(query, []) is query
    assert "WHERE calls.to_" in str(narrowed(query, [CallRow.to == "1"]))
