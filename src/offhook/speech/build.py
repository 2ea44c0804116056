"""From settings to the one synthesizer that the server uses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from offhook.speech.cache import CachedSynthesizer
from offhook.speech.fallback import FallbackSynthesizer
from offhook.speech.providers.espeak import EspeakSynthesizer
from offhook.speech.providers.piper import PiperSynthesizer
from offhook.speech.settings import SpeechSettings
from offhook.speech.synthesizer import Synthesizer

PROVIDERS: dict[str, Callable[[SpeechSettings], Synthesizer]] = {
    "piper": PiperSynthesizer,
    "espeak": EspeakSynthesizer,
}


def build_synthesizer(settings: SpeechSettings, *, cache: Path) -> Synthesizer:
    """Every provider behind a cache of its own (an engine's cached words must not be another's), the chain before them."""
    disk_bytes = settings.cache_megabytes * 1024 * 1024 // len(settings.providers)
    return FallbackSynthesizer(
        [
            CachedSynthesizer(PROVIDERS[name](settings), directory=cache / name, disk_bytes=disk_bytes)
            for name in settings.providers
        ]
    )
