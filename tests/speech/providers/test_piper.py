"""What Piper speaks."""

from __future__ import annotations

import pytest

from offhook.speech.providers.piper import PiperSynthesizer
from offhook.speech.settings import SpeechSettings
from offhook.speech.synthesizer import Utterance


@pytest.mark.parametrize(
    ("language", "voice", "speaks"),
    [("en", "man", True), ("EN-gb", "", True), ("de", "man", False), ("en", "woman", False), ("enx", "man", False)],
)
def test_english_in_a_mans_voice_is_its_own(language: str, voice: str, speaks: bool) -> None:
    assert PiperSynthesizer(SpeechSettings()).speaks(Utterance(text="x", language=language, voice=voice)) is speaks
