from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.calls.numbers.numbering import Numbering, Plan, is_region, plan_of


@pytest.mark.parametrize(
    ("region", "text", "international"),
    [
        ("DE", "089 123 456 7", "+49891234567"),
        ("de", "0049 (89) 123-4567", "+49891234567"),
        ("DE", "+49 89 / 1234567", "+49891234567"),
        ("US", "(415) 555-0100", "+14155550100"),
        ("US", "1 415 555 0100", "+14155550100"),
        ("GB", "020 7946 0018", "+442079460018"),
        ("DE", "1001", "1001"),
        ("DE", "112", "112"),
        ("US", "911", "911"),
        ("DE", "*72", "*72"),
        ("DE", "bob", "bob"),
        ("DE", "", ""),
        ("DE", "0" * 33, "0" * 33),
        ("", "+1 (415) 555-0100", "+14155550100"),
        ("", "089 1234567", "0891234567"),
        ("", "bob.smith", "bob.smith"),
    ],
)
def test_a_number_is_read_as_people_of_the_region_write_it(region: str, text: str, international: str) -> None:
    assert Numbering(region).international(text) == international


@given(st.text(max_size=80))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert len(Numbering("DE").international(text)) <= max(len(text), 20)
    plan_of(text)


@pytest.mark.parametrize(
    ("number", "plan"),
    [
        ("+4989123456", Plan(region="DE", premium=False)),
        ("+499001123456", Plan(region="DE", premium=True)),
        ("+12125550123", Plan(region="US", premium=False)),
        ("+18765550123", Plan(region="JM", premium=False)),
        ("+881612345678", Plan(region="", premium=False)),
        ("+4920", Plan(region="DE", premium=False)),
        ("+1000", Plan(region="", premium=False)),
        ("0891234567", None),
        ("+0", None),
        ("bob", None),
    ],
)
def test_the_country_of_a_number_is_told_also_among_those_that_share_a_code(number: str, plan: Plan | None) -> None:
    assert plan_of(number) == plan


def test_countries_are_known() -> None:
    assert [is_region(code) for code in ("DE", "us", "XX", "")] == [True, True, False, False]


def test_the_tables_of_numbering_plans_are_loaded_only_when_needed() -> None:
    asks = (
        "import sys; from offhook.calls.numbers.numbering import Numbering, plan_of;"
        "Numbering().international('+4989'); Numbering('DE').international('bob'); plan_of('1000');"
        "sys.exit('phonenumbers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", asks], check=False).returncode == 0
