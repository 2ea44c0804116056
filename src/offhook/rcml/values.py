"""What the attributes of verbs can hold: how text becomes a value, and the same said to machines that write schemas.

Pure: nothing here knows XML, an element or a call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Protocol

URL_LIMIT: Final = 4096
"""Characters."""
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,10}")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_UNFIT_FOR_URL: Final = re.compile(r"[\x00-\x1f\x7f]")


class WrongValue(ValueError):
    """The text is no value of that type; the message says what is expected."""


class Value(Protocol):
    """A type of values that attributes can hold."""

    @property
    def expects(self) -> str:
        """In words, what a value looks like: goes into errors and the reference."""
        ...

    def read(self, text: str) -> Any:
        """The value that ``text`` (trimmed) writes; None counts as absent. Raises ``WrongValue``."""
        ...


@dataclass(frozen=True, slots=True)
class Boolean:
    """Yes or no."""

    expects: str = "true or false"

    def read(self, text: str) -> bool:
        lowered = text.lower()
        if lowered in ("true", "1"):
            return True
        if lowered in ("false", "0"):
            return False
        raise WrongValue(self.expects)


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number between two others, both included."""

    low: int = -(1 << 31)
    high: int = (1 << 31) - 1

    @property
    def expects(self) -> str:
        return f"a whole number from {self.low} to {self.high}"

    def read(self, text: str) -> int:
        if _INTEGER.fullmatch(text) is None or not self.low <= (value := int(text)) <= self.high:
            raise WrongValue(self.expects)
        return value


@dataclass(frozen=True, slots=True)
class FreeText:
    """Any text."""

    expects: str = "text"

    def read(self, text: str) -> str:
        return text


@dataclass(frozen=True, slots=True)
class Pattern:
    """Text that matches a regular expression as a whole; ``expects`` says in words what does."""

    pattern: str
    expects: str
    compiled: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compiled", re.compile(self.pattern))

    def read(self, text: str) -> str:
        if self.compiled.fullmatch(text) is None:
            raise WrongValue(self.expects)
        return text


@dataclass(frozen=True, slots=True)
class UrlReference:
    """An http(s) URL, absolute or relative to the document's; an empty one counts as absent."""

    expects: str = "an http or https URL, or one relative to the document's"

    def read(self, text: str) -> str | None:
        if not text:
            return None
        scheme = _SCHEME.match(text)
        if scheme is not None and scheme[1].lower() not in ("http", "https"):
            raise WrongValue("an http or https URL")
        if len(text) > URL_LIMIT:
            raise WrongValue(f"a URL of at most {URL_LIMIT} characters")
        if _UNFIT_FOR_URL.search(text) is not None:
            raise WrongValue("a URL without line breaks and control characters")
        return text.replace(" ", "%20")


@dataclass(frozen=True, slots=True)
class Choice:
    """One member of an enumeration, in any case, or another spelling of one."""

    members: type[Enum]
    also: Mapping[str, Any] = field(default_factory=dict, hash=False)
    known: Mapping[str, Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = {str(member.value).lower(): member for member in self.members} | dict(self.also)
        object.__setattr__(self, "known", known)

    @property
    def expects(self) -> str:
        return " | ".join(self.words)

    @property
    def words(self) -> tuple[str, ...]:
        """The spellings to be used."""
        return tuple(str(member.value) for member in self.members)

    def read(self, text: str) -> Any:
        try:
            return self.known[text.lower()]
        except KeyError:
            raise WrongValue(" or ".join(self.words)) from None


@dataclass(frozen=True, slots=True)
class Choices:
    """Some members of an enumeration, separated by blanks or commas."""

    members: type[Enum]
    known: Mapping[str, Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "known", {str(member.value): member for member in self.members})

    @property
    def expects(self) -> str:
        return f"some of: {' '.join(self.words)}"

    @property
    def words(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(self.known)

    def read(self, text: str) -> frozenset[Any]:
        words = text.replace(",", " ").split()
        if not words or not self.known.keys() >= set(words):
            raise WrongValue(self.expects)
        return frozenset(self.known[word] for word in words)
