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
    element_of,
    noun,
    verb,
)
from offhook.rcml.values import Boolean, Choice, Choices, FreeText, Integer, Pattern, UrlReference


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


def test_types_and_marks_say_what_an_attribute_holds():
    assert {name: each.value for name, each in TREE.attributes.items()} == {
        "size": Integer(1, 9),
        "from": FreeText(),
        "manyWordsHere": Boolean(),
        "colour": Choice(Colour, {"crimson": Colour.RED}),
        "colours": Choices(Colour),
        "keys": Pattern(r"[0-9*#A-D]{0,32}", "telephone keys (0-9, *, #, A-D)"),
        "where": UrlReference(),
        "shape": Pattern("[a-z]+", "small letters"),
    }


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
