"""Patterns of numbers, as routes and rewriting rules have them: a prefix, or a regular expression that begins with ``^``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from offhook.calls.numbers.patterns import BadPattern, compiled

LONGEST_NUMBER: Final = 64
"""Characters; a longer number matches nothing."""
_PREFIX: Final = re.compile(r"\+?[0-9A-Za-z*#]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class NumberPattern:
    """One pattern. ``parse`` makes it; equal texts are equal patterns. Expressions take linear time (RE2)."""

    text: str

    @classmethod
    def parse(cls, text: str) -> NumberPattern:
        """Raises ``ValueError`` with a sentence about what cannot be used; an empty prefix matches every number."""
        text = text.strip()
        if text.startswith("^"):
            try:
                compiled(text)
            except BadPattern as error:
                raise ValueError(f"the expression {text[:80]!r} {error}") from error
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
        return int(compiled(self.text).groups) if self.is_expression else 0

    def match(self, number: str) -> Any:
        """What of ``number`` it covers, from the beginning, as a match object; None when it does not."""
        if len(number) > LONGEST_NUMBER:
            return None
        if self.is_expression:
            return compiled(self.text).match(number)
        return re.match(re.escape(self.text), number)
