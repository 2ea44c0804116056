"""Tags, branches and Call-IDs, from an injected source of randomness (RFC 3261 §19.3, §8.1.1.7, §8.1.1.4)."""

from __future__ import annotations

from collections.abc import Callable

MAGIC_COOKIE = "z9hG4bK"


class Identifiers:
    """Makes what must be unique, or hard to guess."""

    def __init__(self, random_bits: Callable[[int], int]) -> None:
        self._random_bits = random_bits

    def tag(self) -> str:
        return f"{self._random_bits(64):016x}"

    def branch(self) -> str:
        return f"{MAGIC_COOKIE}{self._random_bits(80):020x}"

    def call_id(self) -> str:
        return f"{self._random_bits(128):032x}"

    def below(self, limit: int) -> int:
        """A number from 0 to ``limit`` - 1, for delays that must differ between peers."""
        return self._random_bits(32) % limit
