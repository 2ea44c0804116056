"""Documents made from the vocabulary: every element with every attribute, right and wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from offhook.rcml.schema import Attribute, Element
from offhook.rcml.values import Boolean, Choice, Choices, Integer, Pattern, UrlReference
from offhook.rcml.verbs import VOCABULARY

_FITTING = ("1", "#", "en", "+14155550100", "ww1", "x", "a-b", "de", f"CA{0:032x}")
_UNFIT = ("not this one!", "", "<>", "\t")


def right(attribute: Attribute) -> Any:
    """A value that it holds, as JSON has it."""
    match attribute.value:
        case Integer(low=low, high=high):
            return min(max(low, 1), high)
        case Boolean():
            return True
        case Choice(members=members):
            return str(next(iter(members)).value)
        case Choices(members=members):
            return [str(member.value) for member in members]
        case Pattern(compiled=compiled):
            return next(text for text in _FITTING if compiled.fullmatch(text))
        case UrlReference():
            return "/next.xml"
        case _:
            return "text"


def wrong(attribute: Attribute) -> Any | None:
    """A value that it does not hold; None where it holds everything."""
    match attribute.value:
        case Integer(high=high):
            return high + 1
        case Boolean():
            return "maybe"
        case Choice():
            return "nonsense"
        case Choices():
            return ["nonsense"]
        case Pattern(compiled=compiled):
            return next(text for text in _UNFIT if not compiled.fullmatch(text))
        case UrlReference():
            return "/" + "x" * 5000
        case _:
            return None


def written(value: Any) -> str:
    """As an attribute of a document."""
    if isinstance(value, bool):
        return str(value).lower()
    return " ".join(value) if isinstance(value, list) else str(value)


def places() -> Iterator[tuple[Element, Attribute]]:
    """Every attribute of every element."""
    for element in VOCABULARY.all:
        for attribute in element.attributes.values():
            yield element, attribute


def around(element: Element) -> tuple[str, ...]:
    """The elements in which it stands, from the outside."""
    if element.name in VOCABULARY.top:
        return ()
    return next((outer.name,) for outer in VOCABULARY.all if element.name in VOCABULARY.inside(outer))
