"""Piper with the joe voice: good English, a man's voice, about a tenth of real time on one core."""

from __future__ import annotations

from offhook.speech.process import EngineProcess
from offhook.speech.settings import SpeechSettings
from offhook.speech.synthesizer import Speech, Utterance


class PiperSynthesizer:
    """Asks the ``offhook-piper`` program."""

    name = "piper-joe"

    def __init__(self, settings: SpeechSettings) -> None:
        self._process = EngineProcess("piper", timeout=settings.timeout)

    def speaks(self, utterance: Utterance) -> bool:
        """English in the default or a man's voice; there is no woman's voice in the package."""
        return utterance.language.lower().partition("-")[0] == "en" and utterance.voice in ("man", "", "joe")

    async def synthesize(self, utterance: Utterance) -> Speech:
        return await self._process.say(utterance)

    async def run(self) -> None:
        await self._process.run()
