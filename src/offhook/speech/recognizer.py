"""The port to speech recognition. No provider is built in yet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """A transcript so far (``final`` False) or for good."""

    text: str
    confidence: float
    """0..1."""
    final: bool


class Recognition(Protocol):
    """One caller's speech: feed audio, iterate over hypotheses."""

    async def feed(self, pcm: bytes) -> None:
        """16-bit little-endian mono PCM at the rate it was opened with."""
        ...

    async def finish(self) -> None: ...

    def __aiter__(self) -> AsyncIterator[Hypothesis]: ...


class Recognizer(Protocol):
    """Opens recognitions."""

    def open(self, *, rate: int, language: str, hints: tuple[str, ...] = ()) -> Recognition: ...
