"""eSpeak NG: every language, at once, plainly a machine. The engine that always works."""

from __future__ import annotations

from offhook.speech.process import EngineProcess
from offhook.speech.settings import SpeechSettings
from offhook.speech.synthesizer import Speech, Utterance


class EspeakSynthesizer:
    """Asks the ``offhook-espeak`` program."""

    name = "espeak-ng"

    def __init__(self, settings: SpeechSettings) -> None:
        self._process = EngineProcess("espeak", timeout=settings.timeout)

    def speaks(self, utterance: Utterance) -> bool:
        """Everything: a language that it does not know is spoken as English."""
        return True

    async def synthesize(self, utterance: Utterance) -> Speech:
        return await self._process.say(utterance)

    async def run(self) -> None:
        await self._process.run()
