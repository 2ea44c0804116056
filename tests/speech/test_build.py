"""The real engines, as the server composes them."""

from __future__ import annotations

import array
import asyncio
from pathlib import Path

import pytest

from offhook.speech.build import build_synthesizer
from offhook.speech.settings import SpeechSettings
from offhook.speech.synthesizer import Speech, Utterance


def say(utterance: Utterance, directory: Path, *, providers: tuple[str, ...] = ("piper", "espeak")) -> Speech:
    async def scenario() -> Speech:
        synthesizer = build_synthesizer(SpeechSettings(providers=providers), cache=directory)
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            running = group.create_task(synthesizer.run())
            for _ in range(3):  # chain, cache, engine: each starts its own tasks
                await asyncio.sleep(0)
            speech = await synthesizer.synthesize(utterance)
            running.cancel()
        return speech

    return asyncio.run(scenario())


def seconds_and_peak(speech: Speech) -> tuple[float, int]:
    samples = array.array("h", speech.pcm)
    return len(samples) / speech.rate, max(abs(sample) for sample in samples)


@pytest.mark.parametrize(
    ("language", "voice", "folder"),
    [("en-US", "man", "piper"), ("en", "woman", "espeak"), ("de", "man", "espeak"), ("tlh-unknown", "man", "espeak")],
)
def test_each_language_is_spoken_by_the_engine_that_knows_it(
    language: str, voice: str, folder: str, tmp_path: Path
) -> None:
    speech = say(Utterance(text="One two three four five.", language=language, voice=voice), tmp_path)
    seconds, peak = seconds_and_peak(speech)
    assert 1 < seconds < 6
    assert peak > 3000
    assert [path.parent.name for path in tmp_path.rglob("*.wav")] == [folder]


def test_a_longer_text_takes_longer_to_say(tmp_path: Path) -> None:
    short, _ = seconds_and_peak(say(Utterance(text="Hello."), tmp_path, providers=("espeak",)))
    long, _ = seconds_and_peak(say(Utterance(text="Hello. " * 10), tmp_path, providers=("espeak",)))
    assert long > 5 * short


def test_a_text_that_is_all_but_words_is_said_somehow(tmp_path: Path) -> None:
    for text in ("", " ", "<b>&amp;</b>", "🙂", "[[", "a" * 2000, "\x01\x02"):
        assert say(Utterance(text=text), tmp_path, providers=("espeak",)).rate > 0
