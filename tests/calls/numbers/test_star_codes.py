from __future__ import annotations

import pytest

from offhook.calls.numbers.star_codes import StarCodes


@pytest.mark.parametrize(
    ("dialled", "url"),
    [
        ("*72", "https://a.test/on?x=1"),
        ("*72+4989123", "https://a.test/on?x=1"),
        ("*7232#", "https://a.test/on?x=1"),
        ("*721", "https://a.test/special"),
        ("*7", None),
        ("72", None),
        ("*72x", None),
        ("", None),
    ],
)
def test_the_longest_code_that_was_dialled_counts(dialled: str, url: str | None) -> None:
    codes = StarCodes(["*72=https://a.test/on?x=1", " *721 = https://a.test/special "])
    found = codes.application(dialled)
    assert (None if found is None else found.url) == url


@pytest.mark.parametrize("entry", ["72=https://a.test/", "*=https://a.test/", "*72", "*72=a.test", "*72=file:///x"])
def test_an_entry_that_means_nothing_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match="no star code"):
        StarCodes([entry])


def test_a_code_stands_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        StarCodes(["*72=https://a.test/", "*72=https://b.test/"])
