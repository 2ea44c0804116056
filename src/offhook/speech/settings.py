"""Settings of speech synthesis."""

from __future__ import annotations

from dataclasses import dataclass

PROVIDERS = ("piper", "espeak")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechSettings:
    """The ``[speech]`` section."""

    providers: tuple[str, ...] = PROVIDERS
    """Engines in order of preference; the first that speaks the language is asked, the next one when it fails."""
    cache_megabytes: int = 256
    """Disk space for synthesized prompts, 0..100000; the longest unused go first. 0 keeps them in memory only."""
    timeout: float = 20.0
    """Seconds that one utterance may take, start of the engine included, 1..300."""

    def __post_init__(self) -> None:
        unknown = [name for name in self.providers if name not in PROVIDERS]
        if unknown or not self.providers:
            raise ValueError(f"speech.providers: {unknown or 'empty'}; choose from {', '.join(PROVIDERS)}")
