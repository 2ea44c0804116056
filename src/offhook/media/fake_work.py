"""What the twin engine does for each kind of command: it waits as long as the native engine would, and notes what is heard."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from offhook.media.commands import (
    AudioSource,
    Bridge,
    CommandId,
    Inject,
    InjectAudio,
    Pcm,
    Play,
    Record,
    SendDigits,
    SessionId,
    Tap,
    Tone,
)
from offhook.media.events import AudioChunk, Done, Event, Played, Recorded, RecordEnd, Result
from offhook.media.fake_line import LOUD, PER_MS, Line, Relayed, source_length
from offhook.media.wav import RATE, pcm_bytes, read_wav, resampled, wav_bytes, wav_header

BEEP = Tone(frequencies=(1000.0,), on=250)
HEADER_EVERY = 1000
"""Milliseconds between two writings of a recording's file."""
WAITS = {"w": 500, "W": 1000}
ROWS, COLUMNS = (697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0, 1633.0)
KEYPAD = "123A456B789C*0#D"


class Timer(Protocol):
    def cancel(self) -> None: ...


class Stage(Protocol):
    """What the work needs of the engine."""

    def now(self) -> int:
        """Milliseconds."""
        ...

    def at(self, when: int, then: Callable[[], None]) -> Timer: ...

    def finish(self, command: CommandId, result: Result) -> None: ...

    def fail(self, command: CommandId, reason: str) -> None: ...

    def emit(self, event: Event) -> None: ...

    def take_turn(self, session: SessionId, turn: Turn) -> None:
        """Begin it once what was queued for the session before it has ended."""
        ...

    def leave_turn(self, session: SessionId, turn: Turn) -> None: ...


class Turn(Protocol):
    """Something that is heard alone: it waits for those before it."""

    def begin(self) -> None: ...


class Work(Protocol):
    """One command under way."""

    @property
    def sessions(self) -> tuple[SessionId, ...]: ...

    def stop(self) -> Result | None:
        """End at once, silently; tell how far it got."""
        ...

    def key(self, digit: str) -> None:
        """The far end pressed a key."""
        ...


class Prompt:
    """Sources one after the other, in the session's turn."""

    def __init__(
        self, stage: Stage, line: Line, sources: Sequence[AudioSource], loop: int, ended: Callable[[Played], None]
    ) -> None:
        self._stage, self._line, self._loop, self._ended = stage, line, loop, ended
        self._sources = [(source, source_length(source)) for source in sources]
        self._began: int | None = None
        self._hushed: Callable[[], None] = lambda: None
        self._timer: Timer | None = None
        stage.take_turn(line.session, self)

    def begin(self) -> None:
        self._began = self._stage.now()
        if all(length == 0 for _, length in self._sources):
            self._end()
        else:
            self._piece(0)

    def stop(self, key: str | None = None) -> Played:
        self._hushed()
        if self._timer is not None:
            self._timer.cancel()
        duration = 0 if self._began is None else self._stage.now() - self._began
        self._stage.leave_turn(self._line.session, self)
        return Played(duration=duration, stopped_by=key)

    @property
    def audible(self) -> bool:
        return self._began is not None

    def _piece(self, index: int) -> None:
        self._hushed()
        if self._loop and index == len(self._sources) * self._loop:
            self._end()
            return
        source, length = self._sources[index % len(self._sources)]
        self._hushed = self._line.hears(source)
        if length is not None:
            self._timer = self._stage.at(self._stage.now() + length, lambda: self._piece(index + 1))

    def _end(self) -> None:
        self._hushed = lambda: None
        self._ended(self.stop())


class Playing:
    def __init__(self, stage: Stage, line: Line, command: Play) -> None:
        self.sessions = (command.session,)
        self._stage, self._command = stage, command
        self._prompt = Prompt(
            stage, line, command.sources, command.loop, lambda played: stage.finish(command.id, played)
        )

    def stop(self) -> Played:
        return self._prompt.stop()

    def key(self, digit: str) -> None:
        if self._prompt.audible and digit in self._command.stop_on:
            self._stage.finish(self._command.id, self._prompt.stop(digit))


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


class File:
    """A recording's WAV file, whose header is right at every moment."""

    def __init__(
        self, stage: Stage, path: str, channels: int, sound: Callable[[int, int], array[int]], *, goes_on: bool = False
    ) -> None:
        self._stage, self._path, self._channels, self._sound = stage, Path(path), channels, sound
        self._written = stage.now()
        self._size = self._path.stat().st_size - len(wav_header(0)) if goes_on and self._path.exists() else 0
        self._timer: Timer | None = None
        if not self._size:
            self._path.write_bytes(wav_header(0, channels=channels))

    def begin(self) -> None:
        self._written = self._stage.now()
        self._wait()

    def finish(self, *, trim: bool = False) -> int:
        """Complete it; returns its milliseconds."""
        if self._timer is not None:
            self._timer.cancel()
            self._append()
        if trim:
            samples = _trimmed(read_wav(self._path.read_bytes()).samples)
            self._path.write_bytes(wav_bytes(samples, channels=self._channels))
            self._size = 2 * len(samples)
        return self._size // (2 * self._channels * PER_MS)

    def _wait(self) -> None:
        self._timer = self._stage.at(self._stage.now() + HEADER_EVERY, self._on_time)

    def _on_time(self) -> None:
        self._append()
        self._wait()

    def _append(self) -> None:
        now = self._stage.now()
        data = pcm_bytes(self._sound(self._written, now))
        self._written = now
        self._size += len(data)
        with self._path.open("r+b") as file:
            file.seek(0, 2)
            file.write(data)
            file.seek(0)
            file.write(wav_header(self._size, channels=self._channels))


class Recording:
    def __init__(self, stage: Stage, line: Line, command: Record) -> None:
        self.sessions = (command.session,)
        self._stage, self._line, self._command = stage, line, command
        self._file = File(stage, command.path, 1, line.said)
        self._began: int | None = None
        self._timers: list[Timer] = []
        self._beep = Prompt(stage, line, (BEEP,), 1, lambda _: self._begin()) if command.beep else None
        if self._beep is None:
            self._begin()

    def stop(self, end: RecordEnd = RecordEnd.CANCELLED, key: str | None = None) -> Recorded:
        for timer in self._timers:
            timer.cancel()
        if self._began is None and self._beep is not None:
            self._beep.stop()
        duration = self._file.finish(trim=self._command.trim)
        return Recorded(path=self._command.path, duration=duration, end=end, key=key)

    def key(self, digit: str) -> None:
        if digit in self._command.finish_on:
            self._stage.finish(self._command.id, self.stop(RecordEnd.KEY, digit))

    def _begin(self) -> None:
        self._began = now = self._stage.now()
        self._timers.append(self._stage.at(now + self._command.max_length, lambda: self._end(RecordEnd.MAX_LENGTH)))
        self._file.begin()
        if self._command.silence:
            self._listen(now)

    def _listen(self, began: int) -> None:
        when = self._line.silent_for(began, self._command.silence)
        if when <= self._stage.now():
            self._end(RecordEnd.SILENCE)
        else:
            self._timers.append(self._stage.at(when, lambda: self._listen(began)))

    def _end(self, end: RecordEnd) -> None:
        self._stage.finish(self._command.id, self.stop(end))


class Bridging:
    def __init__(self, stage: Stage, a: Line, b: Line, command: Bridge) -> None:
        self.sessions = (command.a, command.b)
        self._stage, self._a, self._b, self._command = stage, a, b, command
        self._file = File(stage, path, 2, self._sound, goes_on=True) if (path := command.record_path) else None
        self._hushed = [a.hears(Relayed(session=b.session))]
        if a is not b:
            self._hushed.append(b.hears(Relayed(session=a.session)))
        if self._file is not None:
            self._file.begin()

    def stop(self) -> Recorded | None:
        for hushed in self._hushed:
            hushed()
        if self._file is None or self._command.record_path is None:
            return None
        return Recorded(path=self._command.record_path, duration=self._file.finish(), end=RecordEnd.CANCELLED)

    def key(self, digit: str) -> None:
        pass

    def relay(self, origin: Line, digit: str) -> None:
        """A key of one end reaches the other."""
        other = self._b if origin is self._a else self._a
        if other.sends_keys:
            other.keys.append(digit)

    def _sound(self, since: int, until: int) -> array[int]:
        left, right = self._a.said(since, until), self._b.said(since, until)
        both = array("h", bytes(4 * len(left)))
        both[0::2], both[1::2] = left, right
        return both


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


class Dialling:
    """Keys towards the far end, as RFC 4733 events or, where it does not know them, as tones."""

    def __init__(self, stage: Stage, line: Line, command: SendDigits) -> None:
        self.sessions = (command.session,)
        self._stage, self._line, self._command = stage, line, command
        self._hushed: Callable[[], None] = lambda: None
        self._next(0)

    def stop(self) -> None:
        self._hushed()
        self._timer.cancel()

    def key(self, digit: str) -> None:
        pass

    def _next(self, index: int) -> None:
        if index == len(self._command.digits):
            self._stage.finish(self._command.id, Done())
            return
        key = self._command.digits[index]
        wait = WAITS.get(key)
        if wait is None:
            wait = self._command.on + self._command.off
            if self._line.sends_keys:
                self._line.keys.append(key)
            else:
                at = KEYPAD.index(key)
                tone = Tone(frequencies=(ROWS[at // 4], COLUMNS[at % 4]), on=self._command.on, level=-9.0)
                self._hushed = self._line.hears(tone)
        self._timer = self._stage.at(self._stage.now() + wait, lambda: self._after(index))

    def _after(self, index: int) -> None:
        self._hushed()
        self._hushed = lambda: None
        self._next(index + 1)


def _trimmed(samples: array[int]) -> array[int]:
    loud = [index for index in range(len(samples)) if abs(samples[index]) > LOUD]
    return samples[loud[0] : loud[-1] + 1] if loud else array("h")
