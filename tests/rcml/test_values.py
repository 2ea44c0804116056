"""Text becomes values, or an error that says what is expected."""

from __future__ import annotations

from enum import StrEnum

import pytest

from offhook.rcml.values import Boolean, Choice, Choices, Integer, Pattern, UrlReference, WrongValue


class Colour(StrEnum):
    RED = "red"
    BLUE = "Blue"


VALUES = {
    "integer": Integer(1, 9),
    "boolean": Boolean(),
    "choice": Choice(Colour, {"crimson": Colour.RED}),
    "choices": Choices(Colour),
    "pattern": Pattern(r"[0-9*#A-D]{0,32}", "telephone keys"),
    "url": UrlReference(),
    "letters": Pattern("[a-z]+", "small letters"),
}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("integer", "9", 9),
        ("integer", "+1", 1),
        ("boolean", "TRUE", True),
        ("boolean", "0", False),
        ("choice", "RED", Colour.RED),
        ("choice", "blue", Colour.BLUE),
        ("choice", "crimson", Colour.RED),
        ("choices", "red, Blue", frozenset(Colour)),
        ("pattern", "", ""),
        ("pattern", "12#", "12#"),
        ("url", "", None),
        ("url", "HTTP://h/a b", "HTTP://h/a%20b"),
        ("url", "a?u=http://x", "a?u=http://x"),
        ("letters", "abc", "abc"),
    ],
)
def test_types_read_values(name, text, value):
    assert VALUES[name].read(text) == value


@pytest.mark.parametrize(
    ("name", "text", "expects"),
    [
        ("integer", "10", "a whole number from 1 to 9"),
        ("integer", "", "a whole number from 1 to 9"),
        ("integer", "9" * 5000, "a whole number from 1 to 9"),
        ("boolean", "yes", "true or false"),
        ("choice", "green", "red or Blue"),
        ("choices", "", "some of: red Blue"),
        ("choices", "red green", "some of: red Blue"),
        ("pattern", "1x", "telephone keys"),
        ("url", "file:///etc", "http or https"),
        ("url", "/a\nb", "line breaks"),
        ("url", "x" * 5000, "at most 4096"),
        ("letters", "A", "small letters"),
    ],
)
def test_types_refuse_other_values_and_say_what_they_expect(name, text, expects):
    with pytest.raises(WrongValue, match=expects):
        VALUES[name].read(text)
