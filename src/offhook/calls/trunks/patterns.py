"""Patterns of numbers, as routes and rewriting rules have them: a prefix, or a regular expression that begins with ``^``.

Tenants write them and every call runs them on the loop, so expressions that could take long are refused: with numbers of at
most 64 characters none that is left needs more than a moment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

LONGEST_NUMBER: Final = 64
"""Characters; a longer number matches nothing."""
_LONGEST_PATTERN: Final = 200
_MOST_REPEATS: Final = 2
"""``*``, ``+`` and ``{m,n}`` in one pattern: the steps grow with the length of the number to this power."""
_MOST_OPTIONALS: Final = 4
_PREFIX: Final = re.compile(r"\+?[0-9A-Za-z*#]{0,63}", re.ASCII)
_TOKEN: Final = re.compile(
    r"""
      (?P<escape>\\[dDwW.+*\#?()\[\]{}^$|\\/-])
    | (?P<set>\[\^?\]?(?:[^\]\\\[]|\\[dDwW.+*\#?()\[\]{}^$|\\/-])*\])
    | (?P<open>\((?:\?:)?(?!\?))
    | (?P<close>\))
    | (?P<exact>\{[0-9]{1,2}\})
    | (?P<repeat>[*+]|\{[0-9]{1,2},[0-9]{0,2}\})
    | (?P<optional>\?)
    | (?P<plain>[0-9A-Za-z.^$|\#_/\- ])
    """,
    re.VERBOSE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class NumberPattern:
    """One pattern. ``parse`` makes it; equal texts are equal patterns."""

    text: str

    @classmethod
    def parse(cls, text: str) -> NumberPattern:
        """Raises ``ValueError`` with a sentence about what cannot be used; an empty prefix matches every number."""
        text = text.strip()
        if text.startswith("^"):
            _checked(text)
        elif _PREFIX.fullmatch(text) is None:
            raise ValueError(
                f"the pattern {text[:80]!r} is neither a prefix such as +49 nor a regular expression that begins with ^"
            )
        return cls(text)

    @property
    def is_expression(self) -> bool:
        """Whether it is a regular expression rather than a prefix."""
        return self.text.startswith("^")

    @property
    def groups(self) -> int:
        r"""How many parts ``\1`` and so on may name."""
        return _compiled(self.text).groups

    def match(self, number: str) -> re.Match[str] | None:
        """What of ``number`` it covers, from the beginning."""
        return None if len(number) > LONGEST_NUMBER else _compiled(self.text).match(number)


@lru_cache(maxsize=10_000)
def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(text if text.startswith("^") else re.escape(text), re.ASCII)


def _checked(text: str) -> None:
    """Refuse what is no expression, and what could be slow: a repeated group, or repeats of more than a few parts."""
    shown = f"the expression {text[:80]!r}"
    if len(text) > _LONGEST_PATTERN:
        raise ValueError(f"{shown} is longer than {_LONGEST_PATTERN} characters")
    position, kinds = 0, list[str]()
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise ValueError(f"{shown} cannot be used from {text[position : position + 10]!r} on")
        kinds.append(str(token.lastgroup))
        position = token.end()
    for before, kind in pairwise(kinds):
        again = kind in ("repeat", "exact", "optional") and before in ("repeat", "exact", "optional")
        if again or (before == "close" and kind in ("repeat", "exact")):
            raise ValueError(f"{shown} repeats a group or a repetition; write it without")
    if kinds.count("repeat") > _MOST_REPEATS or kinds.count("optional") > _MOST_OPTIONALS:
        raise ValueError(f"{shown} has more than {_MOST_REPEATS} of * + {{m,n}} or more than {_MOST_OPTIONALS} of ?")
    try:
        re.compile(text, re.ASCII)
    except re.error as error:
        raise ValueError(f"{shown} is no regular expression: {error}") from None
