from __future__ import annotations

import pytest

from offhook.api.errors import BadParameter
from offhook.api.number_forms import number_of


@pytest.mark.parametrize(
    ("text", "is_sip", "number", "domain"),
    [
        ("+1 (415) 555-0100", False, "+14155550100", ""),
        ("*72", False, "*72", ""),
        (" reception ", True, "reception", ""),
        ("1[0-9]?", True, "1[0-9]?", ""),
        ("sip:support@example.org", False, "support", "example.org"),
        ("SIP:support", False, "support", ""),
        ("desk@example.org", True, "desk", "example.org"),
    ],
)
def test_a_number_is_written_in_many_ways(text: str, is_sip: bool, number: str, domain: str) -> None:
    assert number_of(text, is_sip=is_sip) == (number, domain)


@pytest.mark.parametrize(
    ("text", "is_sip"),
    [
        ("", False),
        ("", True),
        ("reception", False),
        ("1[0-9", True),
        ("client:bob", False),
        ("sip:", False),
        ("a b", True),
    ],
)
def test_what_is_no_number_is_refused(text: str, is_sip: bool) -> None:
    with pytest.raises(BadParameter, match="PhoneNumber"):
        number_of(text, is_sip=is_sip)


def test_an_area_code_alone_finds_no_number() -> None:
    with pytest.raises(BadParameter, match="AreaCode"):
        number_of("", is_sip=False, area_code="415")
