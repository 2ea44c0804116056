"""Reads a fuzzer's bytes as choices: numbers, pieces, items of lists. When they run out, everything is zero or empty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

ItemT = TypeVar("ItemT")


class ByteSource:
    """The bytes of one run."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def left(self) -> bool:
        return self._position < len(self._data)

    def byte(self) -> int:
        taken = self.take(1)
        return taken[0] if taken else 0

    def below(self, limit: int) -> int:
        """A number from 0 to ``limit`` - 1."""
        return int.from_bytes(self.take(2 if limit > 256 else 1), "big") % limit

    def pick(self, items: Sequence[ItemT]) -> ItemT:
        return items[self.below(len(items))]

    def piece(self) -> bytes:
        """Up to 255 bytes, their number first."""
        return self.take(self.byte())

    def take(self, count: int) -> bytes:
        taken = self._data[self._position : self._position + count]
        self._position += len(taken)
        return taken
