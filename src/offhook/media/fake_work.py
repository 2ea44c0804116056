"""What the twin engine does for each kind of command: it waits as long as the native engine would, and notes what is heard."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from pathlib import Path

from offhook.media.commands import Bridge, Record, SendDigits, Tone
from offhook.media.events import Done, Recorded, RecordEnd
from offhook.media.fake_detect import key_tone
from offhook.media.fake_line import LOUD, PER_MS, Line, Relayed
from offhook.media.fake_prompt import Prompt
from offhook.media.fake_stage import Stage, Timer
from offhook.media.wav import pcm_bytes, read_wav, wav_bytes, wav_header

BEEP = Tone(frequencies=(1000.0,), on=250)
HEADER_EVERY = 1000
"""Milliseconds between two writings of a recording's file."""
RELAYED = 100
"""Milliseconds of a key that a bridge relays as a tone."""
WAITS = {"w": 500, "W": 1000}


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
        self._beep = Prompt(stage, line, (BEEP,), lambda _: self._begin()) if command.beep else None
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

    def relay(self, origin: Line, digit: str, *, toned: bool) -> None:
        """A key of one end reaches the other in the way that it knows; ``toned`` was heard by it already, as it came."""
        other = self._b if origin is self._a else self._a
        if other.connection is None or other.connection.dtmf_signalled:
            return
        if other.sends_keys:
            other.keys.append(digit)
        elif not toned:
            self._stage.at(self._stage.now() + RELAYED, other.hears(key_tone(digit, RELAYED)))

    def _sound(self, since: int, until: int) -> array[int]:
        left, right = self._a.said(since, until), self._b.said(since, until)
        both = array("h", bytes(4 * len(left)))
        both[0::2], both[1::2] = left, right
        return both


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
                self._hushed = self._line.hears(key_tone(key, self._command.on))
        self._timer = self._stage.at(self._stage.now() + wait, lambda: self._after(index))

    def _after(self, index: int) -> None:
        self._hushed()
        self._hushed = lambda: None
        self._next(index + 1)


def _trimmed(samples: array[int]) -> array[int]:
    loud = [index for index in range(len(samples)) if abs(samples[index]) > LOUD]
    return samples[loud[0] : loud[-1] + 1] if loud else array("h")
