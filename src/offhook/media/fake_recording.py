"""A recording of the twin engine: a WAV file whose header is right at every moment, whatever format was asked for."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from pathlib import Path

from offhook.media.commands import SessionId, Tone
from offhook.media.events import Recorded, RecordEnd
from offhook.media.fake_line import LOUD, PER_MS, Line
from offhook.media.fake_prompt import Prompt
from offhook.media.fake_stage import Stage, Timer
from offhook.media.recording import PauseBehavior, Record, Track
from offhook.media.wav import RATE, pcm_bytes, read_wav, resampled, wav_bytes, wav_header

BEEP = Tone(frequencies=(1000.0,), on=250)
HEADER_EVERY = 1000
"""Milliseconds between two writings of the file."""
WIDE = 16_000


class Recording:
    def __init__(self, stage: Stage, line: Line, others: Callable[[SessionId], Line], command: Record) -> None:
        self.sessions = (command.session,)
        self._stage, self._line, self._others, self._command = stage, line, others, command
        self._file = File(
            stage, command.path, command.channels, self._sound, rate=_rate(line, command), goes_on=command.goes_on
        )
        self._began: int | None = None
        self._left = command.max_length
        self._paused: PauseBehavior | None = None
        self._timers: list[Timer] = []
        self._beep = Prompt(stage, line, (BEEP,), lambda _: self._begin()) if command.beep else None
        if self._beep is None:
            self._begin()

    def stop(self, end: RecordEnd = RecordEnd.CANCELLED, key: str | None = None) -> Recorded:
        self._cancel_timers()
        if self._began is None and self._beep is not None:
            self._beep.stop()
        return Recorded(path=self._command.path, duration=self._file.finish(trim=self._command.trim), end=end, key=key)

    def key(self, digit: str) -> None:
        if digit in self._command.finish_on:
            self._stage.finish(self._command.id, self.stop(RecordEnd.KEY, digit))

    def pause(self, behavior: PauseBehavior | None) -> None:
        """Pause, or with None go on."""
        if self._began is None:
            return
        self._cancel_timers()
        if self._paused is not PauseBehavior.SKIP:
            self._left -= self._stage.now() - self._began
        self._file.turn(behavior)
        self._paused = behavior
        self._run()

    def _begin(self) -> None:
        self._file.begin()
        self._run()

    def _run(self) -> None:
        self._began = now = self._stage.now()
        if self._paused is not PauseBehavior.SKIP:
            self._timers.append(self._stage.at(now + self._left, lambda: self._end(RecordEnd.MAX_LENGTH)))
        if self._command.silence and self._paused is None:
            self._listen(now)

    def _listen(self, began: int) -> None:
        when = self._line.silent_for(began, self._command.silence)
        if when <= self._stage.now():
            self._end(RecordEnd.SILENCE)
        else:
            self._timers.append(self._stage.at(when, lambda: self._listen(began)))

    def _end(self, end: RecordEnd) -> None:
        self._stage.finish(self._command.id, self.stop(end))

    def _cancel_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _sound(self, since: int, until: int) -> array[int]:
        silence = array("h", bytes(2 * max(0, until - since) * PER_MS))
        track = self._command.track
        heard = silence if track is Track.OUTBOUND else self._line.said(since, until)
        sent = silence if track is Track.INBOUND else self._line.sound(since, until, self._others)
        if self._command.channels == 1:
            return _sum(heard, sent) if track is Track.BOTH else heard if track is Track.INBOUND else sent
        both = array("h", bytes(4 * len(heard)))
        both[0::2], both[1::2] = heard, sent
        return both


class File:
    def __init__(
        self,
        stage: Stage,
        path: str,
        channels: int,
        sound: Callable[[int, int], array[int]],
        *,
        rate: int = RATE,
        goes_on: bool = False,
    ) -> None:
        self._stage, self._path, self._channels, self._sound, self._rate = stage, Path(path), channels, sound, rate
        self._paused: PauseBehavior | None = None
        self._written = stage.now()
        there = self._path.stat().st_size if goes_on and self._path.exists() else 0
        self._size = max(0, there - len(wav_header(0)))
        self._timer: Timer | None = None
        if not self._size:
            self._path.write_bytes(wav_header(0, rate=rate, channels=self._channels))

    def begin(self) -> None:
        self._written = self._stage.now()
        self._wait()

    def turn(self, paused: PauseBehavior | None) -> None:
        self._append()
        self._paused = paused

    def finish(self, *, trim: bool = False) -> int:
        """Complete it; returns its milliseconds."""
        if self._timer is not None:
            self._timer.cancel()
            self._append()
        if trim:
            samples = _trimmed(read_wav(self._path.read_bytes()).samples)
            self._path.write_bytes(wav_bytes(samples, rate=self._rate, channels=self._channels))
            self._size = 2 * len(samples)
        return self._size * 1000 // (2 * self._channels * self._rate)

    def _wait(self) -> None:
        self._timer = self._stage.at(self._stage.now() + HEADER_EVERY, self._on_time)

    def _on_time(self) -> None:
        self._append()
        self._wait()

    def _append(self) -> None:
        since, self._written = self._written, self._stage.now()
        if self._paused is PauseBehavior.SKIP:
            return
        sound = self._sound(since, self._written)
        data = bytes(2 * len(sound) * self._rate // RATE) if self._paused else pcm_bytes(self._converted(sound))
        self._size += len(data)
        with self._path.open("r+b") as file:
            file.seek(0, 2)
            file.write(data)
            file.seek(0)
            file.write(wav_header(self._size, rate=self._rate, channels=self._channels))

    def _converted(self, sound: array[int]) -> array[int]:
        if self._rate == RATE:
            return sound
        out = array("h", bytes(2 * len(sound) * self._rate // RATE))
        for index in range(self._channels):
            out[index :: self._channels] = resampled(sound[index :: self._channels], RATE, self._rate)
        return out


def _rate(line: Line, command: Record) -> int:
    """Hertz."""
    if command.rate:
        return command.rate
    _, _, rate = ("PCMU" if line.connection is None else line.connection.codec.value).partition("/")
    return min(int(rate or RATE), WIDE)


def _sum(one: array[int], other: array[int]) -> array[int]:
    return array("h", (max(-32_768, min(32_767, a + b)) for a, b in zip(one, other, strict=True)))


def _trimmed(samples: array[int]) -> array[int]:
    loud = [index for index in range(len(samples)) if abs(samples[index]) > LOUD]
    return samples[loud[0] : loud[-1] + 1] if loud else array("h")
