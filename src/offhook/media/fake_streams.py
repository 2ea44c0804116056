"""Streams of the twin engine: audio that is fed while it is heard, and what is heard as chunks."""

from __future__ import annotations

from collections.abc import Callable

from offhook.media.commands import Inject, InjectAudio, Pcm, Tap
from offhook.media.events import AudioChunk, Played
from offhook.media.fake_line import Line
from offhook.media.fake_stage import Stage, Timer
from offhook.media.wav import RATE, pcm_bytes, resampled


class Injecting:
    """A stream that is fed while it is heard. Between two feedings the far end hears nothing."""

    def __init__(self, stage: Stage, line: Line, command: Inject) -> None:
        self.sessions = (command.session,)
        self._stage, self._line, self._command = stage, line, command
        self._waiting: list[bytes] = []
        self._until: int | None = None
        self._sent = 0
        self._last = False
        self._timers: list[Timer] = []
        self._hushed: list[Callable[[], None]] = []
        stage.take_turn(command.session, self)

    def begin(self) -> None:
        self._until = self._stage.now()
        self._schedule()

    def feed(self, audio: InjectAudio) -> None:
        backlog = sum(map(self._length, self._waiting)) + max(0, (self._until or 0) - self._stage.now())
        if backlog + self._length(audio.data) > self._command.backlog:
            self.stop()
            self._stage.fail(self._command.id, f"more than {self._command.backlog} ms of audio were waiting")
            return
        self._waiting.append(audio.data)
        self._last |= audio.last
        if self._until is not None:
            self._schedule()

    def stop(self) -> Played:
        for end in (*(timer.cancel for timer in self._timers), *self._hushed):
            end()
        unsent = max(0, (self._until or 0) - self._stage.now())
        self._stage.leave_turn(self._command.session, self)
        return Played(duration=self._sent - unsent)

    def key(self, digit: str) -> None:
        pass

    def _length(self, data: bytes) -> int:
        return len(data) // 2 * 1000 // self._command.rate

    def _schedule(self) -> None:
        begin = max(self._until or 0, self._stage.now())
        data, self._waiting = b"".join(self._waiting), []
        length = self._length(data)
        self._sent += length
        self._until = begin + length
        if length:
            self._timers.append(self._stage.at(begin, lambda: self._hear(data, begin + length)))
        if self._last:
            self._timers.append(self._stage.at(self._until, self._end))

    def _hear(self, data: bytes, until: int) -> None:
        hushed = self._line.hears(Pcm(data=data, rate=self._command.rate))
        self._hushed.append(hushed)

        def end() -> None:
            hushed()
            self._hushed.remove(hushed)

        self._timers.append(self._stage.at(until, end))

    def _end(self) -> None:
        for hushed in self._hushed:
            hushed()
        self._hushed.clear()
        self._stage.finish(self._command.id, self.stop())


class Tapping:
    def __init__(self, stage: Stage, line: Line, command: Tap) -> None:
        self.sessions = (command.session,)
        self._stage, self._line, self._command = stage, line, command
        self._wait()

    def stop(self) -> None:
        self._timer.cancel()

    def key(self, digit: str) -> None:
        pass

    def _wait(self) -> None:
        self._timer = self._stage.at(self._stage.now() + self._command.chunk, self._hand_out)

    def _hand_out(self) -> None:
        now = self._stage.now()
        heard = resampled(self._line.said(now - self._command.chunk, now), RATE, self._command.rate)
        self._stage.emit(AudioChunk(command=self._command.id, data=pcm_bytes(heard)))
        self._wait()
