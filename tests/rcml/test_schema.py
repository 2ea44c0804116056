"""A dataclass becomes an element: names, readers, defaults, nesting."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from enum import StrEnum
from typing import Annotated

import pytest

from offhook.rcml.schema import (
    Also,
    Between,
    Keys,
    Matching,
    Nest,
    Text,
    Url,
    Vocabulary,
    WrongValue,
    element_of,
    noun,
    verb,
)


class Colour(StrEnum):
    RED = "red"
    BLUE = "Blue"


@noun
class Leaf:
    text: Text = ""


@verb
class Tree:
    """A tree."""

    size: Annotated[int, Between(1, 9)]
    from_: str = ""
    many_words_here: bool = False
    colour: Annotated[Colour, Also({"crimson": Colour.RED})] = Colour.BLUE
    colours: frozenset[Colour] | None = None
    keys: Keys = "#"
    where: Url | None = None
    shape: Annotated[str, Matching("[a-z]+", "small letters")] = "x"
    leaves: Annotated[tuple[Leaf, ...], Nest(Leaf, "Tree")] = ()


TREE = element_of(Tree)


def test_field_names_give_attribute_names():
    assert list(TREE.attributes) == ["size", "from", "manyWordsHere", "colour", "colours", "keys", "where", "shape"]
    assert TREE.text is None
    assert element_of(Leaf).text is not None
    assert [each.name for each in TREE.required] == ["size"]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("size", "9", 9),
        ("size", "+1", 1),
        ("manyWordsHere", "TRUE", True),
        ("manyWordsHere", "0", False),
        ("colour", "RED", Colour.RED),
        ("colour", "blue", Colour.BLUE),
        ("colour", "crimson", Colour.RED),
        ("colours", "red, Blue", frozenset(Colour)),
        ("keys", "", ""),
        ("keys", "12#", "12#"),
        ("where", "", None),
        ("where", "HTTP://h/a b", "HTTP://h/a%20b"),
        ("where", "a?u=http://x", "a?u=http://x"),
        ("shape", "abc", "abc"),
    ],
)
def test_types_read_values(name, text, value):
    assert TREE.attributes[name].read(text) == value


@pytest.mark.parametrize(
    ("name", "text", "expects"),
    [
        ("size", "10", "a whole number from 1 to 9"),
        ("size", "", "a whole number from 1 to 9"),
        ("size", "9" * 5000, "a whole number from 1 to 9"),
        ("manyWordsHere", "yes", "true or false"),
        ("colour", "green", "red or Blue"),
        ("colours", "", "some of: red Blue"),
        ("colours", "red green", "some of: red Blue"),
        ("keys", "1x", "telephone keys"),
        ("where", "file:///etc", "http or https"),
        ("where", "/a\nb", "line breaks"),
        ("where", "x" * 5000, "at most 4096"),
        ("shape", "A", "small letters"),
    ],
)
def test_types_refuse_other_values_and_say_what_they_expect(name, text, expects):
    with pytest.raises(WrongValue, match=expects):
        TREE.attributes[name].read(text)


def test_a_vocabulary_resolves_what_nests():
    vocabulary = Vocabulary((Tree,))
    assert set(vocabulary.top) == {"Tree"}
    assert set(vocabulary.inside(TREE)) == {"Leaf", "Tree"}
    assert vocabulary.names == {"Leaf", "Tree"}


def test_verbs_are_frozen_and_keyword_only():
    with pytest.raises(FrozenInstanceError):
        Tree(size=1).size = 2
    with pytest.raises(TypeError):
        Tree(1)


def test_a_type_that_no_attribute_can_have_is_found_at_once():
    with pytest.raises(TypeError, match="no attribute"):

        @verb
        class Odd:
            x: dict[str, str] | None = None
