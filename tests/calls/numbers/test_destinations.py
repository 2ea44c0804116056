from __future__ import annotations

import pytest

from offhook.calls.numbers.destinations import Destinations


@pytest.mark.parametrize(
    ("entries", "number", "allowed"),
    [
        ([], "+881612345678", True),
        ([], "1001", True),
        (["DE"], "+4989123456", True),
        (["DE"], "+43123456", False),
        (["de", "AT"], "+43123456789", True),
        (["US"], "+12125550123", True),
        (["US"], "+18765550123", False),
        (["DE"], "1001", False),
        (["DE", "1"], "1001", True),
        (["DE", "1"], "+14155550100", False),
        (["DE", "!+49900"], "+499001123456", False),
        (["DE", "!premium"], "+499001123456", False),
        (["DE", "!premium"], "+4989123456", True),
        (["!+881", "!JM"], "+881612345678", False),
        (["!+881", "!JM"], "+18765550123", False),
        (["!+881", "!JM"], "+4989123456", True),
        (["+4989", "!+49"], "+4989123456", False),
        (["!+"], "+4989123456", False),
        (["!+"], "1001", True),
    ],
)
def test_what_may_be_called(entries: list[str], number: str, allowed: bool) -> None:
    assert Destinations(entries).allows(number) == allowed


@pytest.mark.parametrize("entry", ["", "XX", "Germany", "+49 89", "!", "++", "DE,AT"])
def test_an_entry_that_means_nothing_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match="neither a country"):
        Destinations([entry])
