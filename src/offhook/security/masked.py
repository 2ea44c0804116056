"""Values that must not be seen: a secret that prints as asterisks and gives itself up only when asked by name."""

from __future__ import annotations

import hmac
from typing import Final

MASK: Final = "********"


class Secret:
    """A password, token or key. ``str``, ``repr`` and format strings show a mask; ``reveal`` gives the value."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself; do not log it."""
        return self._value

    def matches(self, other: str) -> bool:
        """Whether ``other`` is the same, in a time that does not tell how much of it is right."""
        return hmac.compare_digest(self._value.encode("utf-8", "replace"), other.encode("utf-8", "replace"))

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.matches(other._value)

    def __hash__(self) -> int:
        return hash(self._value)
