"""Sids."""

from __future__ import annotations

import pytest

from offhook.vocabulary.sids import PREFIXES, SidSource, is_sid


def source(node: int = 0x0102) -> SidSource:
    return SidSource(now_ms=lambda: 0x0199_0000_0001, random_bits=lambda bits: (1 << bits) - 2, node=node)


@pytest.mark.parametrize("kind", PREFIXES)
def test_every_kind_has_34_characters_and_its_own_letters(kind: str) -> None:
    sid = source()(kind)
    assert len(sid) == 34
    assert is_sid(sid, kind)
    assert sum(is_sid(sid, other) for other in PREFIXES) == 1


def test_a_sid_holds_time_node_and_randomness() -> None:
    assert source()("call") == "CA" + "019900000001" + "0102" + "fffffffffffffffe"


def test_sids_sort_by_the_time_they_were_made() -> None:
    early = SidSource(now_ms=lambda: 5, random_bits=lambda _: 9)("call")
    late = SidSource(now_ms=lambda: 6, random_bits=lambda _: 1)("call")
    assert early < late


@pytest.mark.parametrize("text", ["", "CA", "CA" + "g" * 32, "ca" + "0" * 32, "CA" + "0" * 33, "CA" + "0" * 32 + "\n"])
def test_what_is_no_sid_is_not_taken_for_one(text: str) -> None:
    assert not is_sid(text)


def test_a_node_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="0..65535"):
        source(node=1 << 16)
