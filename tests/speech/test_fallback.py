"""The chain of engines."""

from __future__ import annotations

import asyncio

import pytest

from offhook.speech.fallback import FallbackSynthesizer
from offhook.speech.synthesizer import Speech, SpeechFailed, Utterance


class Voice:
    def __init__(self, name: str, languages: str, *, broken: bool = False) -> None:
        self.name = name
        self._languages = languages.split()
        self._broken = broken

    def speaks(self, utterance: Utterance) -> bool:
        return utterance.language in self._languages

    async def synthesize(self, utterance: Utterance) -> Speech:
        if self._broken:
            raise SpeechFailed("is broken")
        return Speech(pcm=self.name.encode(), rate=8000)

    async def run(self) -> None:
        await asyncio.Event().wait()


def said(chain: FallbackSynthesizer, language: str) -> bytes:
    return asyncio.run(chain.synthesize(Utterance(text="x", language=language))).pcm


def test_the_first_engine_that_speaks_the_language_is_asked() -> None:
    chain = FallbackSynthesizer([Voice("english", "en"), Voice("all", "en de")])
    assert said(chain, "en") == b"english"
    assert said(chain, "de") == b"all"


def test_an_engine_that_fails_is_followed_by_the_next() -> None:
    chain = FallbackSynthesizer([Voice("english", "en", broken=True), Voice("all", "en")])
    assert said(chain, "en") == b"all"


def test_an_unknown_language_is_still_tried_by_every_engine() -> None:
    chain = FallbackSynthesizer([Voice("english", "en")])
    assert not chain.speaks(Utterance(text="x", language="xx"))
    assert said(chain, "xx") == b"english"


def test_when_every_engine_failed_each_reason_is_given() -> None:
    chain = FallbackSynthesizer([Voice("one", "en", broken=True), Voice("two", "en", broken=True)])
    with pytest.raises(SpeechFailed, match="one: is broken; two: is broken"):
        said(chain, "en")
