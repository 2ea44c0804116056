"""What the twin engine makes of what it hears: keys as tones, voices, silence, single tones. Simpler than the native engine's.

It works in frames of 20 ms of what the far end said, which has no noise.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence

from offhook.media.commands import CommandId, Detect, Tone
from offhook.media.events import Event, SilenceHeard, ToneStarted, ToneStopped, VoiceStarted, VoiceStopped
from offhook.media.fake_line import FRAME, LOUD, PER_MS, Line
from offhook.media.fake_stage import Stage, Timer
from offhook.media.voice import Voice
from offhook.media.wav import RATE

ROWS, COLUMNS = (697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0, 1633.0)
KEYPAD = "123A456B789C*0#D"
TONE_LEAST = 120
"""Milliseconds after which a single tone is told."""


class VoiceWatch:
    """Follows the voice of one far end."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._loud = self._quiet = 0
        self.active = False

    def frame(self, samples: Sequence[int]) -> int | None:
        """Take 20 ms. When the voice begins or ends: how many milliseconds ago it did."""
        loud = max(map(abs, samples)) > LOUD and sine(samples) is None
        self._loud, self._quiet = (self._loud + FRAME, 0) if loud else (0, self._quiet + FRAME)
        if not self.active and self._loud >= self._voice.onset:
            self.active = True
            return self._loud
        if self.active and self._quiet >= self._voice.hangover:
            self.active = False
            return self._quiet
        return None


class Listening:
    """Hands each 20 ms of what the far end says to ``take``, until stopped."""

    def __init__(self, stage: Stage, line: Line, take: Callable[[array[int]], None]) -> None:
        self._stage, self._line, self._take = stage, line, take
        self._stopped = False
        self._wait()

    def stop(self) -> None:
        self._stopped = True
        self._timer.cancel()

    def _wait(self) -> None:
        self._timer: Timer = self._stage.at(self._stage.now() + FRAME, self._hear)

    def _hear(self) -> None:
        now = self._stage.now()
        self._take(self._line.said(now - FRAME, now))
        if not self._stopped:
            self._wait()


class Detecting:
    """A ``Detect`` under way."""

    def __init__(self, stage: Stage, line: Line, command: Detect) -> None:
        self.sessions = (command.session,)
        self._stage, self._command = stage, command
        self._voice = None if command.voice is None else VoiceWatch(command.voice)
        self._elapsed = self._quiet_since = 0
        self._told = False
        self._tone = 0.0
        self._length = 0
        self._listening = Listening(stage, line, self._frame)

    def stop(self) -> None:
        self._listening.stop()

    def key(self, digit: str) -> None:
        pass

    def _frame(self, samples: array[int]) -> None:
        self._elapsed += FRAME
        if self._command.tones:
            self._follow_tone(sine(samples) or 0.0)
        if self._voice is not None:
            self._follow_voice(self._voice, samples)

    def _follow_voice(self, voice: VoiceWatch, samples: array[int]) -> None:
        ago = voice.frame(samples)
        if ago is not None and voice.active:
            self._emit(VoiceStarted(command=self._id, at=self._elapsed - ago))
        elif ago is not None:
            self._quiet_since, self._told = self._elapsed - ago, False
            self._emit(VoiceStopped(command=self._id, at=self._quiet_since))
        silent = self._elapsed - self._quiet_since
        if not voice.active and not self._told and 0 < self._command.silence <= silent:
            self._told = True
            self._emit(SilenceHeard(command=self._id, at=self._quiet_since))

    def _follow_tone(self, frequency: float) -> None:
        before, length = self._tone, self._length
        same = frequency and abs(frequency - before) < before / 50
        self._tone = frequency
        self._length = length + FRAME if same else FRAME * bool(frequency)
        if same and length < TONE_LEAST <= self._length:
            at = self._elapsed - self._length
            self._emit(ToneStarted(command=self._id, at=at, frequency=round(frequency)))
        if not same and length >= TONE_LEAST:
            self._emit(ToneStopped(command=self._id, at=self._elapsed - FRAME, duration=length))

    @property
    def _id(self) -> CommandId:
        return self._command.id

    def _emit(self, event: Event) -> None:
        self._stage.emit(event)


def sine(samples: Sequence[int]) -> float | None:
    """The frequency of what is nothing but a sine of 350 to 3200 Hz: x[n+1] + x[n-1] = 2 cos(w) x[n]."""
    power = sum(sample * sample for sample in samples[1:-1])
    if max(map(abs, samples)) <= LOUD or not power:
        return None
    ends = [before + after for before, after in zip(samples, samples[2:], strict=False)]
    turn = sum(end * sample for end, sample in zip(ends, samples[1:], strict=False)) / power
    left = sum((end - turn * sample) ** 2 for end, sample in zip(ends, samples[1:], strict=False)) / power
    if left > 0.001 or abs(turn) >= 2:
        return None
    frequency = math.acos(turn / 2) * RATE / math.tau
    return frequency if 350 <= frequency <= 3200 else None


def key_tone(key: str, milliseconds: int) -> Tone:
    """The two tones of a key (ITU-T Q.23)."""
    at = KEYPAD.index(key)
    return Tone(frequencies=(ROWS[at // 4], COLUMNS[at % 4]), on=milliseconds, level=-9.0)


def keys_in(samples: Sequence[int]) -> list[tuple[int, str]]:
    """Keys that sound as tones, each with the milliseconds after which it is recognised."""
    found: list[tuple[int, str]] = []
    before = None
    for start in range(0, len(samples) - FRAME * PER_MS + 1, FRAME * PER_MS):
        key = _key(samples[start : start + FRAME * PER_MS])
        if key is not None and key != before:
            found.append((start // PER_MS + 2 * FRAME, key))
        before = key
    return found


def _key(frame: Sequence[int]) -> str | None:
    total = sum(sample * sample for sample in frame) / len(frame)
    if total < LOUD * LOUD:
        return None
    powers = [[_power(frame, hertz) for hertz in group] for group in (ROWS, COLUMNS)]
    row, column = (group.index(max(group)) for group in powers)
    if min(powers[0][row], powers[1][column]) < total / 8 or powers[0][row] + powers[1][column] < 0.8 * total:
        return None
    return KEYPAD[4 * row + column]


def _power(frame: Sequence[int], hertz: float) -> float:
    turn = 2 * math.cos(math.tau * hertz / RATE)
    before = last = 0.0
    for sample in frame:
        before, last = last, sample + turn * last - before
    return 2 * (last * last + before * before - turn * last * before) / len(frame) ** 2
