from __future__ import annotations

from offhook.sip.identifiers import Identifiers
from offhook.sip.testing import counted_bits


def test_identifiers_are_of_fixed_length_and_never_the_same() -> None:
    ids = Identifiers(counted_bits())
    made = [make() for make in (ids.tag, ids.branch, ids.call_id) for _ in range(1000)]
    assert len(set(made)) == 3000
    assert {len(text) for text in made} == {16, 27, 32}


def test_a_branch_says_that_it_is_unique() -> None:
    assert Identifiers(counted_bits()).branch().startswith("z9hG4bK")


def test_a_number_is_below_its_limit() -> None:
    ids = Identifiers(counted_bits())
    assert {ids.below(3) for _ in range(100)} == {0, 1, 2}
