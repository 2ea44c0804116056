"""Numbers that are patterns: regular expressions, matched whole and in linear time whatever they and the callers say.

The engine is RE2 (ADR 0011); it is loaded when there is a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar

Found = TypeVar("Found")

SIGNS: Final = tuple("\\^$[(.|?{")
"""Every pattern holds at least one of these."""
_MARKS: Final = re.compile(r"[\\^$\[(|?{]|\.[*+]")
_DOTTED: Final = re.compile(r"\+?[0-9]*\.[0-9.]*", re.ASCII)
_MAX_LENGTH: Final = 200
_MAX_MEMORY: Final = 1 << 20
"""Bytes of one compiled pattern: ``[0-9]{1000}`` is no number."""


class BadPattern(ValueError):
    """A pattern that cannot be used; the message says why."""


def is_pattern(number: str) -> bool:
    r"""Whether ``number`` is meant as a pattern: it has a sign that no number and no name has, such as ``[``, ``\`` or ``.*``,
    or is digits and dots, where a dot stands for any digit. ``+`` at the beginning and the star of ``*72`` mean themselves.
    """
    return _MARKS.search(number) is not None or _DOTTED.fullmatch(number) is not None


def check(pattern: str) -> str:
    """``pattern`` itself. Raises ``BadPattern``."""
    compiled(pattern)
    return pattern


class Patterns(Generic[Found]):
    """Patterns and what each leads to. The longest counts first, among equals the first in the alphabet."""

    def __init__(self, entries: Iterable[tuple[str, Found]] = ()) -> None:
        """One that cannot be used leads nowhere; it was refused when it was stored."""
        self._entries: list[tuple[Any, Found]] = []
        for pattern, found in sorted(entries, key=lambda entry: (-len(entry[0]), entry[0])):
            try:
                self._entries.append((compiled(pattern), found))
            except BadPattern:
                continue

    def find(self, *dialled: str) -> Found | None:
        """What the first pattern that fits one of the spellings ``dialled`` leads to."""
        for expression, found in self._entries:
            if any(expression.fullmatch(spelling) is not None for spelling in dialled):
                return found
        return None

    def __len__(self) -> int:
        return len(self._entries)


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Any:
    """The expression, remembered. Raises ``BadPattern``."""
    if len(pattern) > _MAX_LENGTH:
        raise BadPattern(f"is longer than {_MAX_LENGTH} characters")
    import re2  # noqa: PLC0415 - many installations have no pattern

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    try:
        # A plus at the beginning is that of an international number: there is nothing before it to repeat.
        return re2.compile(rf"\{pattern}" if pattern.startswith("+") else pattern, options=options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        said = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise BadPattern(f"is no regular expression: {said}") from error
