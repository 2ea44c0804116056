"""The port to speech synthesis. Providers live in ``providers/``, one file each; the cache and fallback wrap this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What to say and how."""

    text: str
    language: str = "en"
    """BCP 47, lower or mixed case; an unknown one falls back to English with a warning."""
    voice: str = "man"
    """``man``, ``woman``, or a provider's own voice name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """Audio for an utterance: 16-bit little-endian mono PCM."""

    pcm: bytes
    rate: int


class SpeechFailed(Exception):
    """Synthesis did not work; the message says what to do about it."""


class Synthesizer(Protocol):
    """Turns text into audio, off the event loop."""

    @property
    def name(self) -> str:
        """Short name, part of the cache key."""
        ...

    def speaks(self, utterance: Utterance) -> bool:
        """Whether language and voice are this engine's; another one is asked first otherwise."""
        ...

    async def synthesize(self, utterance: Utterance) -> Speech:
        """Raises ``SpeechFailed``; always returns within the provider's time limit."""
        ...

    async def run(self) -> None:
        """Own whatever has to be kept going (a process, say) until cancelled; ``synthesize`` works only meanwhile."""
        ...
