"""The server's end of the pipe to a synthesis program: keeps it warm, one utterance at a time, starts it again when it dies."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any

import structlog

from offhook.speech.synthesizer import Speech, SpeechFailed, Utterance

log = structlog.get_logger(__name__)

QUEUE_LENGTH = 256
"""Utterances that may wait for one engine; the next one is refused (``SpeechFailed``)."""
MAX_PCM = 256 * 1024 * 1024
RESTART_PAUSE = 1.0
"""Seconds between a crash and the next start."""


class EngineProcess:
    """One synthesis program. ``say`` may be cancelled at any time: the pipe stays in step, the answer is thrown away."""

    def __init__(self, name: str, *, timeout: float, command: Sequence[str] | None = None) -> None:
        self._name = name
        self._timeout = timeout
        self._command = tuple(command or (sys.executable, "-m", f"offhook.speech.engines.{name}"))
        self._waiting: asyncio.Queue[tuple[Utterance, asyncio.Future[Speech]]] = asyncio.Queue(QUEUE_LENGTH)
        self._ready = False

    async def say(self, utterance: Utterance) -> Speech:
        """PCM for the utterance, within twice the time limit (one for the queue, one for the engine)."""
        answer: asyncio.Future[Speech] = asyncio.get_running_loop().create_future()
        try:
            self._waiting.put_nowait((utterance, answer))
        except asyncio.QueueFull:
            raise SpeechFailed(f"{self._name} has {QUEUE_LENGTH} utterances waiting; it cannot keep up") from None
        try:
            async with asyncio.timeout(2 * self._timeout):
                return await answer
        except TimeoutError:
            raise SpeechFailed(f"{self._name} did not answer within {2 * self._timeout:g} s") from None

    async def run(self) -> None:
        """Start the program at once (so that it is warm when it is needed), again when it died, until cancelled."""
        while True:
            self._ready = False
            try:
                with tempfile.TemporaryFile() as complaints:
                    await self._serve_once(complaints)
            except Exception as error:  # whatever becomes of an engine, calls go on
                log.exception("speech engine broke", engine=self._name)
                self._refuse_waiting(f"{self._name} broke: {error}")
            await asyncio.sleep(RESTART_PAUSE)

    async def _serve_once(self, complaints: IO[bytes]) -> None:
        try:
            await self._serve(complaints)
        except SpeechFailed as failure:
            reason = f"{failure} {_last_line(complaints)}".strip()
            log.warning("speech engine stopped", engine=self._name, reason=reason)
            if not self._ready:  # one that does not even start answers nobody
                self._refuse_waiting(reason)

    async def _serve(self, complaints: IO[bytes]) -> None:
        try:
            process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE, stderr=complaints)
        except OSError as error:
            raise SpeechFailed(f"{self._name} cannot be started: {error}.") from error
        try:
            await self._read_header(process)
            self._ready = True
            while True:
                utterance, answer = await self._waiting.get()
                if answer.done():
                    continue
                try:
                    speech = await self._ask(process, utterance)
                except SpeechFailed as failure:
                    _settle(answer, failure)
                    if process.stdin is None or process.stdin.is_closing():
                        raise
                except Exception as error:
                    _settle(answer, SpeechFailed(f"{self._name} broke: {error}"))
                    raise
                else:
                    _settle(answer, speech)
        finally:
            await _stop(process)

    async def _ask(self, process: Process, utterance: Utterance) -> Speech:
        request = {"text": utterance.text, "language": utterance.language, "voice": utterance.voice}
        assert process.stdin is not None
        if process.stdin.is_closing():  # it died while nobody asked it anything; uvloop would not let us write
            raise SpeechFailed(f"{self._name} went away.")
        process.stdin.write(json.dumps(request).encode() + b"\n")
        header = await self._read_header(process)
        if "error" in header:
            raise SpeechFailed(f"{self._name}: {header['error']}")
        length, rate = header.get("bytes"), header.get("rate")
        if not (isinstance(length, int) and isinstance(rate, int) and 0 <= length <= MAX_PCM):
            process.stdin.close()
            raise SpeechFailed(f"{self._name} announced {length} bytes at {rate} Hz")
        return Speech(pcm=await self._read(process, length), rate=rate)

    async def _read_header(self, process: Process) -> dict[str, Any]:
        line = await self._read(process, None)
        try:
            header = json.loads(line)
        except ValueError:
            header = None
        if not isinstance(header, dict):
            assert process.stdin is not None
            process.stdin.close()
            raise SpeechFailed(f"{self._name} answered {line[:80]!r}")
        return header

    async def _read(self, process: Process, length: int | None) -> bytes:
        """``length`` bytes, or a line. Whatever goes wrong here leaves the pipe useless: stdin is closed to say so."""
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            async with asyncio.timeout(self._timeout):
                data = await (process.stdout.readline() if length is None else process.stdout.readexactly(length))
        except TimeoutError:
            process.stdin.close()
            raise SpeechFailed(f"{self._name} took longer than {self._timeout:g} s") from None
        except (asyncio.IncompleteReadError, ValueError):  # cut short, or a line without an end
            data = b""
        if not data and length != 0:
            process.stdin.close()
            raise SpeechFailed(f"{self._name} went away.")
        return data

    def _refuse_waiting(self, reason: str) -> None:
        while not self._waiting.empty():
            _settle(self._waiting.get_nowait()[1], SpeechFailed(reason))


def _settle(answer: asyncio.Future[Speech], outcome: Speech | SpeechFailed) -> None:
    if answer.done():
        return  # whoever asked has hung up
    if isinstance(outcome, Speech):
        answer.set_result(outcome)
    else:
        answer.set_exception(outcome)


def _last_line(complaints: IO[bytes]) -> str:
    complaints.seek(0, 2)
    complaints.seek(max(0, complaints.tell() - 2000))
    lines = complaints.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


async def _stop(process: Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    if process.returncode is None:
        with suppress(ProcessLookupError):  # it may die before we learn of it
            process.kill()
    await process.wait()
