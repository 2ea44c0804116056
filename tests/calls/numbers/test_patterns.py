from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.calls.numbers.patterns import BadPattern, Patterns, check, is_pattern


@pytest.mark.parametrize(
    ("number", "pattern"),
    [
        ("+4989123456", False),
        ("1000", False),
        ("*72", False),
        ("*123#", False),
        ("bob.smith", False),
        ("reception", False),
        ("a+b", False),
        ("1...", True),
        ("+49.......", True),
        ("12.*", True),
        ("[2-9][0-9]{3}", True),
        ("(12|13)00", True),
        (r"\+49\d+", True),
        ("^1000$", True),
    ],
)
def test_a_number_with_a_sign_that_no_number_has_is_a_pattern(number: str, pattern: bool) -> None:
    assert is_pattern(number) == pattern


def test_the_longest_pattern_that_fits_the_whole_number_counts() -> None:
    patterns = Patterns([("1.*", "short"), ("1[0-9]{3}", "longer"), ("+49[0-9]+", "german"), ("[", "broken")])
    assert len(patterns) == 3
    assert [patterns.find(number) for number in ("1234", "12345", "21234", "+4989", "x+4989")] == [
        "longer",
        "short",
        None,
        "german",
        None,
    ]
    assert patterns.find("4989", "+4989") == "german"


@pytest.mark.parametrize(
    "pattern", ["[0-9", "(a", "a{2,1}", "(?=a)", r"(a)\1", "a" * 201, "((a{100}){100}){100}", "*1["]
)
def test_what_cannot_be_used_is_refused_with_the_reason(pattern: str) -> None:
    with pytest.raises(BadPattern):
        check(pattern)


def test_a_pattern_that_others_choke_on_is_matched_at_once() -> None:
    patterns = Patterns([("(a+)+b", 1), ("(a|a)*c", 2), ("(.*)*(.*)*(.*)*d", 3)])
    assert patterns.find("a" * 20_000) is None


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_pattern_and_any_text_are_taken(pattern: str, text: str) -> None:
    Patterns([(pattern, 1)]).find(text)


def test_the_engine_is_loaded_only_for_patterns() -> None:
    asks = "import sys; from offhook.calls.numbers.patterns import Patterns; Patterns().find('1'); sys.exit('re2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asks], check=False).returncode == 0
