"""A document as it is written: every element with its place, whatever is wrong in it. For those who check, not for calls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from offhook.rcml.document import DocumentWarning, Frame, Reading, read
from offhook.rcml.errors import DocumentError, Place
from offhook.rcml.schema import Element, Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One verb or noun where it stands."""

    element: Element
    made: Any
    """The verb or noun; None where a value is wrong or missing, so that it cannot be made."""
    place: Place
    nested: tuple[Written, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A whole document."""

    verbs: tuple[Written, ...]
    errors: tuple[DocumentError, ...]
    """Wrong and missing values, all of them. What is no XML at all is raised instead."""
    warnings: tuple[DocumentWarning, ...]


def outline(source: bytes | str, vocabulary: Vocabulary, *, charset: str = "") -> Outline:
    """Read a document. Raises ``DocumentError`` for one that cannot be read to its end."""
    reading = read(source, charset, lambda data, warnings: _Outlining(data, vocabulary, warnings))
    document = reading.document
    return Outline(verbs=document.verbs, errors=tuple(reading.errors), warnings=document.warnings)


class _Outlining(Reading):
    """Goes on after wrong values, and gives ``Written`` instead of verbs."""

    def __init__(self, data: bytes, vocabulary: Vocabulary, warnings: Iterable[DocumentWarning]) -> None:
        super().__init__(data, vocabulary, warnings)
        self.errors: list[DocumentError] = []

    def _refuse(self, error: DocumentError) -> None:
        self.errors.append(error)

    def _made(self, element: Element, frame: Frame) -> Written:
        nested = tuple(frame.nested)
        values = dict(frame.values)
        if element.nested_field is not None and nested:
            values[element.nested_field] = tuple(each.made for each in nested if each.made is not None)
        line, column = frame.place
        whole = all(attribute.field in values for attribute in element.required)
        return Written(
            element=element,
            made=element.make(**values) if whole else None,
            place=Place(line=line, column=column, element=element.name),
            nested=nested,
        )
