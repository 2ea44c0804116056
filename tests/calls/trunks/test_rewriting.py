from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.calls.trunks.rewriting import RewriteRule, rewritten, rules_of


@pytest.mark.parametrize(
    ("rules", "number", "becomes"),
    [
        (["+49 => 0"], "+498912", "08912"),
        (["+49=>0"], "+438912", "+438912"),
        (["=> 9"], "110", "9110"),
        ([r"^\+49(.*)$ => 0\1"], "+498912", "08912"),
        ([r"^0([1-9].*)$ => +49\1", r"^00(.*)$ => +\1"], "004312", "+4312"),
        ([r"^0([1-9].*)$ => +49\1", r"^00(.*)$ => +\1"], "08912", "+498912"),
        (["110 => 112", "1 => 2"], "110", "112"),
        (["+49 => "], "+4989", "89"),
        (["+49 => "], "+49", "+49"),
        ([r"^(0)?(.*)$ => \1x\2"], "12", "x12"),
        (["", "  ", "1 => 2"], "1", "2"),
    ],
)
def test_the_first_rule_that_is_about_a_number_rewrites_it(rules: list[str], number: str, becomes: str) -> None:
    assert rewritten(number, rules_of(rules)) == becomes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("+49 0", "PATTERN => REPLACEMENT"),
        ("+49 => 0 1", "holds other than"),
        (r"+49 => \1", "names a group"),
        (r"^(1) => \2", "names a group"),
        (r"^1 => \q", "holds other than"),
        (r"^(1 => 2", "no regular expression"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_a_sentence(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        RewriteRule.parse(text)


@given(st.from_regex(r"\A[0-9+]{1,20}\Z"), st.from_regex(r"\A\+?[0-9]{0,5}\Z"), st.from_regex(r"\A[0-9+]{0,5}\Z"))
def test_a_rule_reads_as_it_is_written_and_never_leaves_nothing(number: str, prefix: str, other: str) -> None:
    rule = RewriteRule.parse(f"{prefix} => {other}")
    assert RewriteRule.parse(str(rule)) == rule
    assert rewritten(number, [rule])
