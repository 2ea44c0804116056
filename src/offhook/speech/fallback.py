"""Several synthesizers as one: the first that speaks the language is asked, then the next."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from offhook.speech.synthesizer import Speech, SpeechFailed, Synthesizer, Utterance

log = structlog.get_logger(__name__)


class FallbackSynthesizer:
    """Fails only when every engine failed."""

    name = "fallback"

    def __init__(self, synthesizers: Sequence[Synthesizer]) -> None:
        if not synthesizers:
            raise ValueError("at least one synthesizer is needed")
        self._synthesizers = tuple(synthesizers)

    def choices(self, utterance: Utterance) -> list[Synthesizer]:
        """Who will be asked, in order: those who speak it first."""
        return sorted(self._synthesizers, key=lambda synthesizer: not synthesizer.speaks(utterance))

    def speaks(self, utterance: Utterance) -> bool:
        return any(synthesizer.speaks(utterance) for synthesizer in self._synthesizers)

    async def synthesize(self, utterance: Utterance) -> Speech:
        failures = []
        for synthesizer in self.choices(utterance):
            try:
                return await synthesizer.synthesize(utterance)
            except SpeechFailed as failure:
                failures.append(f"{synthesizer.name}: {failure}")
                log.warning("speech engine failed", engine=synthesizer.name, reason=str(failure))
        raise SpeechFailed("no speech engine could say it; " + "; ".join(failures))

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for synthesizer in self._synthesizers:
                group.create_task(synthesizer.run())
