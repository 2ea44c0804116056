"""Synthesized prompts, kept: in memory for the same few, on disk for all, keyed by (engine, voice, language, text).

Callers that want the same words at the same moment share one synthesis, and a caller who hangs up meanwhile does not
spoil it for the others.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import wave
from collections import OrderedDict
from pathlib import Path

import structlog

from offhook.speech.synthesizer import Speech, SpeechFailed, Synthesizer, Utterance

log = structlog.get_logger(__name__)

MEMORY_BYTES = 64 * 1024 * 1024
"""PCM kept in memory; the least recently used goes first."""
Key = tuple[str, str, str, str]


class CachedSynthesizer:
    """Wraps a synthesizer. ``synthesize`` works while ``run`` does."""

    def __init__(self, synthesizer: Synthesizer, *, directory: Path, disk_bytes: int) -> None:
        self._synthesizer = synthesizer
        self._directory = directory
        self._disk_bytes = disk_bytes
        self._memory: OrderedDict[Key, Speech] = OrderedDict()
        self._memory_size = 0
        self._wanted: dict[Key, asyncio.Future[Speech]] = {}
        self._group: asyncio.TaskGroup | None = None

    @property
    def name(self) -> str:
        return self._synthesizer.name

    def speaks(self, utterance: Utterance) -> bool:
        return self._synthesizer.speaks(utterance)

    async def run(self) -> None:
        """Run the engine behind, and the syntheses that callers share."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                await self._synthesizer.run()
        finally:
            self._group = None

    async def synthesize(self, utterance: Utterance) -> Speech:
        key = (self._synthesizer.name, utterance.voice, utterance.language.lower(), utterance.text)
        known = self._memory.get(key)
        if known is not None:
            self._memory.move_to_end(key)
            return known
        wanted = self._wanted.get(key)
        if wanted is None:
            if self._group is None:
                raise SpeechFailed("speech is not running")
            wanted = asyncio.get_running_loop().create_future()
            self._wanted[key] = wanted
            self._group.create_task(self._fill(key, utterance, wanted))
        return await asyncio.shield(wanted)

    async def _fill(self, key: Key, utterance: Utterance, wanted: asyncio.Future[Speech]) -> None:
        try:
            path = self._path(key)
            speech = await asyncio.to_thread(_read, path)
            if speech is None:
                speech = await self._synthesizer.synthesize(utterance)
                await asyncio.to_thread(self._write, path, speech)
        except SpeechFailed as failure:
            wanted.set_exception(failure)
            wanted.exception()  # nobody may be waiting any more
        except Exception as error:
            log.exception("synthesis broke", engine=key[0])  # an end for its callers, and for nobody else
            wanted.set_exception(SpeechFailed(f"{key[0]} broke: {error}"))
            wanted.exception()
        else:
            self._remember(key, speech)
            wanted.set_result(speech)
        finally:
            del self._wanted[key]
            wanted.cancel()

    def _remember(self, key: Key, speech: Speech) -> None:
        self._memory[key] = speech
        self._memory_size += len(speech.pcm)
        while self._memory_size > MEMORY_BYTES and len(self._memory) > 1:
            _, oldest = self._memory.popitem(last=False)
            self._memory_size -= len(oldest.pcm)

    def _path(self, key: Key) -> Path:
        return self._directory / (hashlib.sha256("\0".join(key).encode()).hexdigest() + ".wav")

    def _write(self, path: Path, speech: Speech) -> None:
        """To a neighbour first: a crash must not leave half a prompt. A full disk costs the cache, not the call."""
        if len(speech.pcm) > self._disk_bytes:
            return
        partial = path.with_suffix(".partial")
        try:
            with wave.open(str(partial), "wb") as file:
                file.setparams((1, 2, speech.rate, 0, "NONE", ""))
                file.writeframes(speech.pcm)
            partial.replace(path)
            self._evict()
        except OSError as error:
            log.warning("prompt not cached", path=str(path), reason=str(error))

    def _evict(self) -> None:
        files = [(entry.stat(), entry.path) for entry in os.scandir(self._directory)]
        total = sum(stat.st_size for stat, _ in files)
        for stat, path in sorted(files, key=lambda file: file[0].st_mtime):
            if total <= self._disk_bytes:
                return
            Path(path).unlink(missing_ok=True)
            total -= stat.st_size


def _read(path: Path) -> Speech | None:
    """A cached prompt, marked as used; a damaged one is as good as none."""
    try:
        with wave.open(str(path), "rb") as file:
            speech = Speech(pcm=file.readframes(file.getnframes()), rate=file.getframerate())
        os.utime(path)
    except (OSError, EOFError, wave.Error):
        return None
    return speech
