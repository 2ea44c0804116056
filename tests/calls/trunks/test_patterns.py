from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.calls.trunks.patterns import LONGEST_NUMBER, NumberPattern


@pytest.mark.parametrize(
    ("text", "number", "covered"),
    [
        ("", "+4989", ""),
        ("+49", "+4989", "+49"),
        ("+49", "+4389", None),
        ("*21", "*21#", "*21"),
        (r"^\+49(89|30)", "+4930123", "+4930"),
        (r"^[0-9]{3}$", "110", "110"),
        (r"^[0-9]{3}$", "1100", None),
        (r"^(?:00|\+)(.*)$", "0049", "0049"),
        ("", "1" * (LONGEST_NUMBER + 1), None),
    ],
)
def test_what_a_pattern_covers_of_a_number(text: str, number: str, covered: str | None) -> None:
    match = NumberPattern.parse(text).match(number)
    assert (None if match is None else match[0]) == covered


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r"^(?=1)", "no regular expression"),
        (r"^(1)\1", "no regular expression"),
        (r"^(1", "no regular expression"),
        (r"^[9-1]", "no regular expression"),
        ("^" + "1" * 300, "longer than"),
        ("+49 89", "neither a prefix"),
        (".*", "neither a prefix"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused_with_a_sentence(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        NumberPattern.parse(text)


@given(
    st.text("^+*?(){}[]|.\\d01,$", max_size=24).map(lambda tail: f"^{tail}"), st.text("01+", max_size=LONGEST_NUMBER)
)
def test_no_expression_that_is_accepted_takes_long(text: str, number: str) -> None:
    try:
        pattern = NumberPattern.parse(text)
    except ValueError:
        return
    began = time.process_time()
    pattern.match(number)
    assert time.process_time() - began < 1.0
