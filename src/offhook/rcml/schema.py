"""Verbs and nouns as dataclasses: the class is the specification of the element, read once when it is decorated.

Field names give attributes (``num_digits`` is ``numDigits``), types give validation, defaults and docstrings the
reference. Nothing here reads XML (``document`` does) or runs anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from enum import Enum
from typing import Annotated, Any, Final, TypeVar, dataclass_transform, get_args, get_origin, get_type_hints

from offhook.rcml.values import Boolean, Choice, Choices, FreeText, Integer, Pattern, UrlReference, Value

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Between:
    """An integer has to lie between these, both included."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Matching:
    """The whole text has to match; ``expects`` says in words what does."""

    pattern: str
    expects: str


@dataclass(frozen=True, slots=True)
class Also:
    """Other spellings of values of an enumeration, such as ``true`` of a former version."""

    spellings: Mapping[str, Any]


class Content:
    """Marks the field that holds the element's own text."""


class Address:
    """Marks an http(s) URL, absolute or relative to the document's; an empty one counts as absent."""


@dataclass(frozen=True, slots=True, init=False)
class Nest:
    """Marks the field that holds nested elements: nouns by class, verbs by name (verbs do not know each other)."""

    kinds: tuple[type | str, ...]

    def __init__(self, *kinds: type | str) -> None:
        object.__setattr__(self, "kinds", kinds)


Text = Annotated[str, Content()]
Url = Annotated[str, Address()]
Keys = Annotated[str, Matching(r"[0-9*#A-D]{0,32}", "telephone keys (0-9, *, #, A-D)")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute of an element, or its text."""

    name: str
    field: str
    value: Value
    """What it can hold."""
    default: Any = MISSING

    @property
    def required(self) -> bool:
        """Whether the element cannot do without."""
        return self.default is MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """How an element looks like: what ``document`` checks against and the reference is made from."""

    name: str
    make: type
    attributes: Mapping[str, Attribute]
    required: tuple[Attribute, ...]
    text: Attribute | None
    nests: tuple[type | str, ...]
    nested_field: str | None


def element_of(kind: type) -> Element:
    """The element that a decorated class specifies."""
    element: Element = kind.__rcml__  # type: ignore[attr-defined]  # set by the decorators below
    return element


@dataclass_transform(frozen_default=True, kw_only_default=True)
def verb(kind: type[T]) -> type[T]:
    """Make ``kind`` an element that stands directly in ``<Response>``. It has ``needs`` and ``run``."""
    return _specified(kind)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def noun(kind: type[T]) -> type[T]:
    """Make ``kind`` an element that only stands inside a verb that nests it."""
    return _specified(kind)


class Vocabulary:
    """The verbs that a document may use, with everything that may stand inside them."""

    def __init__(self, verbs: Sequence[type]) -> None:
        self.top: Final[dict[str, Element]] = {element_of(kind).name: element_of(kind) for kind in verbs}
        self._inside: dict[str, dict[str, Element]] = {}
        self.names: Final[set[str]] = set()
        self._know(self.top)

    def inside(self, element: Element) -> Mapping[str, Element]:
        """What may stand inside ``element``, by name."""
        return self._inside[element.name]

    @property
    def all(self) -> list[Element]:
        """Every element, by name, wherever it stands."""
        found = {name: element for inside in (self.top, *self._inside.values()) for name, element in inside.items()}
        return [found[name] for name in sorted(found)]

    def _know(self, elements: Mapping[str, Element]) -> None:
        for element in elements.values():
            self.names.add(element.name)
            if element.name in self._inside:
                continue
            nested = [self.top[kind] if isinstance(kind, str) else element_of(kind) for kind in element.nests]
            self._inside[element.name] = {each.name: each for each in nested}
            self._know(self._inside[element.name])


def _specified(kind: type[T]) -> type[T]:
    made = dataclass(frozen=True, slots=True, kw_only=True)(kind)
    made.__rcml__ = _element(made)  # type: ignore[attr-defined]
    return made


def _element(kind: type) -> Element:
    hints = get_type_hints(kind, include_extras=True)
    attributes: dict[str, Attribute] = {}
    text: Attribute | None = None
    nests: tuple[type | str, ...] = ()
    nested_field: str | None = None
    for each in fields(kind):
        base, marks = _unwrapped(hints[each.name])
        nest = next((mark for mark in marks if isinstance(mark, Nest)), None)
        if nest is not None:
            nests, nested_field = nest.kinds, each.name
            continue
        attribute = _attribute(each, base, marks)
        if any(isinstance(mark, Content) for mark in marks):
            text = attribute
        else:
            attributes[attribute.name] = attribute
    return Element(
        name=kind.__name__,
        make=kind,
        attributes=attributes,
        required=tuple(each for each in attributes.values() if each.required),
        text=text,
        nests=nests,
        nested_field=nested_field,
    )


def _attribute(each: Field[Any], base: Any, marks: tuple[Any, ...]) -> Attribute:
    default = each.default if each.default_factory is MISSING else each.default_factory()
    return Attribute(name=_camel(each.name), field=each.name, value=_value(base, marks), default=default)


def _camel(name: str) -> str:
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)


def _unwrapped(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """A hint without ``| None`` and ``Annotated``, and the marks of the latter."""
    marks: tuple[Any, ...] = ()
    while True:
        if get_origin(hint) is Annotated:
            hint, *found = get_args(hint)
            marks = (*marks, *found)
            continue
        choices = [each for each in get_args(hint) if each is not type(None)]
        if type(None) in get_args(hint) and len(choices) == 1:
            hint = choices[0]
            continue
        return hint, marks


def _value(base: Any, marks: tuple[Any, ...]) -> Value:
    """What an attribute of the type ``base`` holds."""
    if base is bool:
        return Boolean()
    if base is int:
        bounds = next((mark for mark in marks if isinstance(mark, Between)), None)
        return Integer() if bounds is None else Integer(bounds.low, bounds.high)
    if base is str:
        if any(isinstance(mark, Address) for mark in marks):
            return UrlReference()
        matching = next((mark for mark in marks if isinstance(mark, Matching)), None)
        return FreeText() if matching is None else Pattern(matching.pattern, matching.expects)
    if isinstance(base, type) and issubclass(base, Enum):
        return Choice(base, next((mark.spellings for mark in marks if isinstance(mark, Also)), {}))
    if get_origin(base) is frozenset:
        (members,) = get_args(base)
        return Choices(members)
    raise TypeError(f"no attribute can have the type {base!r}")
