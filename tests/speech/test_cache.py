"""Prompts kept in memory and on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from offhook.speech import cache as module
from offhook.speech.cache import CachedSynthesizer
from offhook.speech.synthesizer import Speech, SpeechFailed, Utterance

HELLO = Utterance(text="hello")


class Counting:
    name = "counting"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    def speaks(self, utterance: Utterance) -> bool:
        return True

    async def synthesize(self, utterance: Utterance) -> Speech:
        self.asked.append(utterance.text)
        await self.gate.wait()
        if utterance.text == "bad":
            raise SpeechFailed("bad")
        if utterance.text == "bug":
            raise RuntimeError("a defect")
        return Speech(pcm=utterance.text.encode() * 2, rate=22050)

    async def run(self) -> None:
        await asyncio.Event().wait()


def session(
    use: Callable[[CachedSynthesizer, Counting], Awaitable[None]], directory: Path, *, disk_bytes: int = 1 << 20
) -> Counting:
    async def scenario() -> Counting:
        engine = Counting()
        cached = CachedSynthesizer(engine, directory=directory, disk_bytes=disk_bytes)
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            running = group.create_task(cached.run())
            await asyncio.sleep(0)
            await use(cached, engine)
            running.cancel()
        return engine

    return asyncio.run(scenario())


def test_the_same_words_are_synthesized_once(tmp_path: Path) -> None:
    async def use(cached: CachedSynthesizer, engine: Counting) -> None:
        first = await cached.synthesize(HELLO)
        assert await cached.synthesize(HELLO) is first
        await cached.synthesize(Utterance(text="hello", voice="woman"))

    assert session(use, tmp_path).asked == ["hello", "hello"]


def test_words_survive_a_restart_on_disk(tmp_path: Path) -> None:
    async def use(cached: CachedSynthesizer, engine: Counting) -> None:
        assert await cached.synthesize(HELLO) == Speech(pcm=b"hellohello", rate=22050)

    assert session(use, tmp_path).asked == ["hello"]
    assert session(use, tmp_path).asked == []


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    async def use(cached: CachedSynthesizer, engine: Counting) -> None:
        assert (await cached.synthesize(HELLO)).pcm == b"hellohello"

    session(use, tmp_path)
    [file] = tmp_path.glob("*.wav")
    file.write_bytes(b"RIFF half a head")
    assert session(use, tmp_path).asked == ["hello"]


def test_callers_share_one_synthesis_and_one_of_them_may_hang_up(tmp_path: Path) -> None:
    async def use(cached: CachedSynthesizer, engine: Counting) -> None:
        engine.gate.clear()
        async with asyncio.TaskGroup() as group:
            quitter = group.create_task(cached.synthesize(HELLO))
            patient = group.create_task(cached.synthesize(HELLO))
            while not engine.asked:
                await asyncio.sleep(0.001)
            quitter.cancel()
            engine.gate.set()
        assert patient.result().pcm == b"hellohello"

    assert session(use, tmp_path).asked == ["hello"]


def test_a_failure_is_not_remembered(tmp_path: Path) -> None:
    async def use(cached: CachedSynthesizer, engine: Counting) -> None:
        for _ in range(2):
            with pytest.raises(SpeechFailed):
                await cached.synthesize(Utterance(text="bad"))

    assert session(use, tmp_path).asked == ["bad", "bad"]
    assert not list(tmp_path.iterdir())


def test_a_defect_fails_the_words_that_meet_it_and_no_others(tmp_path: Path) -> None:
    async def use(cached: CachedSynthesizer, engine: Counting) -> None:
        with pytest.raises(SpeechFailed, match="counting broke: a defect"):
            await cached.synthesize(Utterance(text="bug"))
        assert (await cached.synthesize(HELLO)).pcm

    session(use, tmp_path)


def test_the_disk_keeps_its_bound(tmp_path: Path) -> None:
    async def use(cached: CachedSynthesizer, engine: Counting) -> None:
        for number in range(20):
            await cached.synthesize(Utterance(text=f"{number:02d}" * 50))

    session(use, tmp_path, disk_bytes=1000)
    assert 0 < sum(file.stat().st_size for file in tmp_path.iterdir()) <= 1000


def test_memory_keeps_its_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MEMORY_BYTES", 25)

    async def use(cached: CachedSynthesizer, engine: Counting) -> None:
        for word in ("hello", "world", "again", "hello"):
            await cached.synthesize(Utterance(text=word))

    assert session(use, tmp_path, disk_bytes=0).asked == ["hello", "world", "again", "hello"]


def test_without_a_running_engine_it_says_so(tmp_path: Path) -> None:
    cached = CachedSynthesizer(Counting(), directory=tmp_path, disk_bytes=0)
    with pytest.raises(SpeechFailed, match="not running"):
        asyncio.run(cached.synthesize(HELLO))
