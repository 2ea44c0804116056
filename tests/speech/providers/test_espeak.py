"""What eSpeak NG speaks."""

from __future__ import annotations

from offhook.speech.providers.espeak import EspeakSynthesizer
from offhook.speech.settings import SpeechSettings
from offhook.speech.synthesizer import Utterance


def test_it_takes_whatever_nobody_else_speaks() -> None:
    assert EspeakSynthesizer(SpeechSettings()).speaks(Utterance(text="x", language="tlh", voice="woman"))
