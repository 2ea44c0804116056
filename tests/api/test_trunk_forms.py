from __future__ import annotations

import pytest

from offhook.api.trunk_forms import GATEWAY, HEADER, PATTERN, RULES, trunk_names


def test_what_can_be_used_is_taken_as_it_is_written() -> None:
    assert RULES(" +49 => 0\n\n^1 => 2 ") == "+49 => 0\n\n^1 => 2"
    assert PATTERN("+49") == "+49"
    assert GATEWAY(" sip:gw ") == "sip:gw"
    assert HEADER("none") == "none"


@pytest.mark.parametrize(("check", "text"), [(RULES, "+49"), (PATTERN, "+49 1"), (GATEWAY, "gw"), (HEADER, "X")])
def test_what_cannot_be_used_is_refused_with_the_reason(check, text) -> None:
    with pytest.raises(ValueError, match="cannot be used: "):
        check(text)


def test_trunks_are_named_one_a_line_or_with_commas() -> None:
    assert trunk_names("a, b,,") == ["a", "b"]
    assert trunk_names("one, two\nthree\n") == ["one, two", "three"]
