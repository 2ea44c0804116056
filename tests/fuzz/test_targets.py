"""Every target takes its seeds and, for a moment, mutations of them; ``make fuzz`` goes on for as long as one likes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.bytesource import ByteSource
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_break_nothing(name: str) -> None:
    for seed in TARGETS[name].seeds:
        TARGETS[name].run(seed)


@pytest.mark.parametrize("name", TARGETS)
@settings(deadline=None)
@given(data=st.data())
def test_mutations_of_the_seeds_break_nothing(name: str, data: st.DataObject) -> None:
    target = TARGETS[name]
    bytes_ = data.draw(st.one_of(st.sampled_from(target.seeds), st.binary(max_size=300)))
    for _ in range(data.draw(st.integers(0, 4))):
        start = data.draw(st.integers(0, len(bytes_)))
        bytes_ = bytes_[:start] + data.draw(st.binary(max_size=8)) + bytes_[start + data.draw(st.integers(0, 8)) :]
    target.run(bytes_[: target.longest])


def test_bytes_that_run_out_are_zero() -> None:
    source = ByteSource(b"\x02ab\x01")
    assert (source.piece(), source.left, source.byte(), source.left) == (b"ab", True, 1, False)
    assert (source.byte(), source.below(1000), source.pick("xyz"), source.piece()) == (0, 0, "x", b"")
