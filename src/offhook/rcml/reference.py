"""What a verb's dataclass says of itself, in words: the source of the reference pages.

Reads the sources of the classes for the docstrings beneath their fields, so it belongs into tools, not into calls.
"""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from enum import Enum
from typing import Any

from offhook.rcml.outcome import Need
from offhook.rcml.schema import Attribute, Element, Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One attribute, or the text, of an element."""

    name: str
    expects: str
    default: str
    """As it is written in a document; ``required``, or empty when absence is the default."""
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One verb with its nouns."""

    name: str
    says: str
    answers: bool
    """Whether it answers a ringing call."""
    text: Described | None
    attributes: tuple[Described, ...]
    nests: tuple[str, ...]
    nouns: tuple[Page, ...]


def describe(vocabulary: Vocabulary, element: Element) -> Page:
    """Everything that there is to say of a verb or noun."""
    docs = _field_docs(element.make)
    inside = vocabulary.inside(element)
    needs: frozenset[Need] = getattr(element.make(), "needs", frozenset())
    return Page(
        name=element.name,
        says=inspect.cleandoc(element.make.__doc__ or ""),
        answers=Need.ANSWERED in needs,
        text=None if element.text is None else _described(element.text, docs),
        attributes=tuple(_described(each, docs) for each in element.attributes.values()),
        nests=tuple(inside),
        nouns=tuple(describe(vocabulary, each) for name, each in inside.items() if name not in vocabulary.top),
    )


def markdown(page: Page, level: int = 1) -> str:
    """The page as Markdown."""
    lines = [f"{'#' * level} `<{page.name}>`", "", page.says, ""]
    if level == 1:
        lines += ["Answers a ringing call." if page.answers else "Leaves a ringing call ringing.", ""]
    lines += [f"Text: {page.text.says}" if page.text else "Takes no text.", ""]
    if page.nests:
        lines += ["May contain " + ", ".join(f"`<{name}>`" for name in page.nests) + ".", ""]
    if page.attributes:
        lines += ["| attribute | values | default | |", "|---|---|---|---|"]
        lines += [
            f"| `{each.name}` | {_cell(each.expects)} | {f'`{each.default}`' if each.default else ''} | {_cell(each.says)} |"
            for each in page.attributes
        ]
        lines.append("")
    for noun in page.nouns:
        lines += [markdown(noun, level + 1)]
    return "\n".join(lines).rstrip() + "\n"


def _described(attribute: Attribute, docs: dict[str, str]) -> Described:
    return Described(
        name=attribute.name,
        expects=attribute.value.expects,
        default="required" if attribute.required else _written(attribute.default),
        says=docs.get(attribute.field, ""),
    )


def _written(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case frozenset():
            return " ".join(sorted(_written(each) for each in value))
        case _:
            return str(value)


def _field_docs(kind: type) -> dict[str, str]:
    """Field to the string literal that follows it in the class's source."""
    (definition,) = ast.parse(inspect.cleandoc(inspect.getsource(kind))).body
    assert isinstance(definition, ast.ClassDef)
    docs: dict[str, str] = {}
    for field, after in zip(definition.body, definition.body[1:], strict=False):
        match field, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                docs[name] = inspect.cleandoc(text).replace("\n", " ")
    return docs


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
