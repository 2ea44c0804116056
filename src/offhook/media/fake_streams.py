"""Streams of the twin engine: audio that is fed while it is heard, and what is heard as chunks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import assert_never

from offhook.media.commands import Inject, InjectAudio, InjectClear, InjectMark, Pcm, Tap
from offhook.media.events import AudioChunk, MarkReached, Played
from offhook.media.fake_line import Line
from offhook.media.fake_stage import Stage, Timer
from offhook.media.recording import Track
from offhook.media.wav import RATE, pcm_bytes, resampled

MOST_MARKS = 1024


class Injecting:
    """A stream that is fed while it is heard. Between two feedings the far end hears nothing."""

    def __init__(self, stage: Stage, line: Line, command: Inject) -> None:
        self.sessions = (command.session,)
        self._stage, self._line, self._command = stage, line, command
        self._waiting: list[InjectAudio | InjectMark] = []
        self._until: int | None = None
        self._sent = 0
        self._last = False
        self._marks: list[str] = []
        """That have a time at which they will be reached."""
        self._timers: list[Timer] = []
        self._hushed: list[Callable[[], None]] = []
        stage.take_turn(command.session, self)

    def begin(self) -> None:
        self._until = self._stage.now()
        self._schedule()

    def take(self, order: InjectAudio | InjectMark | InjectClear) -> None:
        """What feeds it, marks it, or clears it."""
        match order:
            case InjectAudio():
                if self._backlog() + self._length(order.data) > self._command.backlog:
                    self._fail(f"more than {self._command.backlog} ms of audio were waiting")
                    return
                self._waiting.append(order)
            case InjectMark():
                if len(self._marks) + sum(isinstance(one, InjectMark) for one in self._waiting) >= MOST_MARKS:
                    self._fail(f"more than {MOST_MARKS} marks were waiting")
                    return
                self._waiting.append(order)
            case InjectClear():
                self._clear()
            case never:
                assert_never(never)
        if self._until is not None:
            self._schedule()

    def stop(self) -> Played:
        self._silence()
        unsent = max(0, (self._until or 0) - self._stage.now())
        self._stage.leave_turn(self._command.session, self)
        return Played(duration=self._sent - unsent)

    def key(self, digit: str) -> None:
        pass

    def _fail(self, reason: str) -> None:
        self.stop()
        self._stage.fail(self._command.id, reason)

    def _backlog(self) -> int:
        fed = sum(self._length(one.data) for one in self._waiting if isinstance(one, InjectAudio))
        return fed + max(0, (self._until or 0) - self._stage.now())

    def _length(self, data: bytes) -> int:
        return len(data) // 2 * 1000 // self._command.rate

    def _silence(self) -> None:
        for end in (*(timer.cancel for timer in self._timers), *self._hushed):
            end()
        self._timers.clear()
        self._hushed.clear()

    def _clear(self) -> None:
        self._silence()
        if self._until is not None:
            now = self._stage.now()
            self._sent -= max(0, self._until - now)
            self._until = now
        names = [*self._marks, *(one.name for one in self._waiting if isinstance(one, InjectMark))]
        self._last = self._last or any(one.last for one in self._waiting if isinstance(one, InjectAudio))
        self._waiting, self._marks = [], []
        for name in names:
            self._stage.emit(MarkReached(command=self._command.id, name=name, cleared=True))

    def _schedule(self) -> None:
        waiting, self._waiting = self._waiting, []
        until = max(self._until or 0, self._stage.now())
        for data, marks in _pieces(waiting):
            begin, length = until, self._length(data)
            until += length
            self._sent += length
            if length:
                self._timers.append(self._stage.at(begin, lambda data=data, end=until: self._hear(data, end)))  # type: ignore[misc]
            for name in marks:
                self._marks.append(name)
                self._timers.append(self._stage.at(until, lambda name=name: self._reach(name)))  # type: ignore[misc]
        self._until = until
        self._last = self._last or any(one.last for one in waiting if isinstance(one, InjectAudio))
        if self._last:
            self._timers.append(self._stage.at(until, self._end))

    def _reach(self, name: str) -> None:
        self._marks.remove(name)
        self._stage.emit(MarkReached(command=self._command.id, name=name))

    def _hear(self, data: bytes, until: int) -> None:
        hushed = self._line.hears(Pcm(data=data, rate=self._command.rate))
        self._hushed.append(hushed)

        def end() -> None:
            hushed()
            self._hushed.remove(hushed)

        self._timers.append(self._stage.at(until, end))

    def _end(self) -> None:
        self._stage.finish(self._command.id, self.stop())


def _pieces(waiting: Sequence[InjectAudio | InjectMark]) -> list[tuple[bytes, list[str]]]:
    """What is heard in one piece, and the marks behind it."""
    pieces: list[tuple[bytes, list[str]]] = [(b"", [])]
    for one in waiting:
        data, marks = pieces[-1]
        if isinstance(one, InjectMark):
            marks.append(one.name)
        elif marks:
            pieces.append((one.data, []))
        else:
            pieces[-1] = (data + one.data, marks)
    return pieces


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
        since = now - self._command.chunk
        for track in (Track.INBOUND, Track.OUTBOUND):
            if self._command.track not in (track, Track.BOTH):
                continue
            outbound = track is Track.OUTBOUND
            samples = self._stage.sound(self._line.session, since) if outbound else self._line.said(since, now)
            data = pcm_bytes(resampled(samples, RATE, self._command.rate))
            self._stage.emit(AudioChunk(command=self._command.id, data=data, track=track))
        self._wait()
