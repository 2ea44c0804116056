"""Who answered: a human, a machine or a fax, told from voices, silence and tones. A machine; its times are milliseconds of what was heard.

A human says little and waits; a machine speaks for long, then beeps or falls silent. Knows no media and no clock: ``hear`` takes
what a ``Detect`` found, ``expire`` the time, and ``deadline`` says when to call it next.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from offhook.media.events import Detected, SilenceHeard, ToneStarted, ToneStopped, VoiceStarted, VoiceStopped


class AnsweredBy(StrEnum):
    """What ``AnsweredBy`` says."""

    HUMAN = "human"
    MACHINE_START = "machine_start"
    MACHINE_END_BEEP = "machine_end_beep"
    MACHINE_END_SILENCE = "machine_end_silence"
    MACHINE_END_OTHER = "machine_end_other"
    FAX = "fax"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Milliseconds. Raises ``ValueError`` outside of the ranges."""

    timeout: int = 30_000
    """3000..120000: after which it is ``unknown``, or the end of a message is not waited for any longer."""
    speech_threshold: int = 2400
    """1000..6000: of talk, pauses included, that no human's greeting has."""
    speech_end_threshold: int = 1200
    """500..5000: of silence that ends a greeting."""
    silence_timeout: int = 5000
    """2000..10000: of silence from the beginning, after which it is ``unknown``."""

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} is {low} to {high} ms, not {getattr(self, name)}")


RANGES = {
    "timeout": (3000, 120_000),
    "speech_threshold": (1000, 6000),
    "speech_end_threshold": (500, 5000),
    "silence_timeout": (2000, 10_000),
}

_CALLED_FAX = range(2060, 2141)
"""Hertz of the answer of a fax machine (ITU-T T.30 CED, V.25 ANS), and how long it must sound."""
_CALLED_FAX_LEAST = 500
_CALLING_FAX = range(1060, 1141)
"""Hertz of a fax machine that calls (CNG), which sounds for half a second."""
_CALLING_FAX_LENGTH = range(350, 701)


class AnsweringMachine:
    """One decision; ``verdict`` is None until it has been taken."""

    def __init__(self, thresholds: Thresholds, *, message_end: bool) -> None:
        """``message_end`` waits for the end of a machine's greeting, so that a message can be left."""
        self.verdict: AnsweredBy | None = None
        self._limits = thresholds
        self._message_end = message_end
        self._spoke: int | None = None
        """Since when there is talk."""
        self._quiet: int | None = 0
        """Since when there is none at the moment; None while there is."""
        self._machine = False
        self._tone: tuple[int, int] | None = None
        """Hertz and beginning of the tone that sounds."""

    def hear(self, finding: Detected) -> None:
        """Take what was found."""
        match finding:
            case VoiceStarted(at=at):
                self._spoke = at if self._spoke is None else self._spoke
                self._quiet = None
            case VoiceStopped(at=at):
                self._quiet = at
            case ToneStarted(at=at, frequency=frequency):
                self._tone = frequency, at
            case ToneStopped(duration=duration):
                frequency = 0 if self._tone is None else self._tone[0]
                self._tone = None
                self._toned(frequency, duration)
            case SilenceHeard():
                pass
        self.expire(finding.at)

    def deadline(self) -> int:
        """When ``expire`` has something to decide, unless something is heard before."""
        limits, times = self._limits, [self._limits.timeout]
        if self._tone is not None and self._tone[0] in _CALLED_FAX:
            times.append(self._tone[1] + _CALLED_FAX_LEAST)
        if self._spoke is None:
            times += [limits.silence_timeout] if self._tone is None else []
        elif self._quiet is not None:
            times.append(self._quiet + limits.speech_end_threshold)
        elif not self._machine:
            times.append(self._spoke + limits.speech_threshold)
        return min(times)

    def expire(self, now: int) -> None:
        """Decide what can be decided at ``now``."""
        limits, spoke, quiet = self._limits, self._spoke, self._quiet
        tone = self._tone
        if tone is not None and tone[0] in _CALLED_FAX and now - tone[1] >= _CALLED_FAX_LEAST:
            self._decide(AnsweredBy.FAX)
        if spoke is not None and (now if quiet is None else quiet) - spoke >= limits.speech_threshold:
            self._is_machine()
        if spoke is not None and quiet is not None and now - quiet >= limits.speech_end_threshold:
            self._decide(AnsweredBy.MACHINE_END_SILENCE if self._machine else AnsweredBy.HUMAN)
        if spoke is None and tone is None and now >= limits.silence_timeout:
            self._decide(AnsweredBy.UNKNOWN)
        if now >= limits.timeout:
            self._decide(AnsweredBy.MACHINE_END_OTHER if self._machine else AnsweredBy.UNKNOWN)

    def _toned(self, frequency: int, duration: int) -> None:
        if self._spoke is None and frequency in _CALLING_FAX and duration in _CALLING_FAX_LENGTH:
            self._decide(AnsweredBy.FAX)
        self._is_machine()
        self._decide(AnsweredBy.MACHINE_END_BEEP)

    def _is_machine(self) -> None:
        self._machine = True
        if not self._message_end:
            self._decide(AnsweredBy.MACHINE_START)

    def _decide(self, verdict: AnsweredBy) -> None:
        self.verdict = self.verdict or verdict
