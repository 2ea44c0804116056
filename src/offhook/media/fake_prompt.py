"""What the twin engine plays: sources in turn, some of whose bytes come while they are heard."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace

from offhook.media.commands import AudioSource, Pcm, Play, Silence, Supplied, Supply, Tone
from offhook.media.events import VOICE, Played, Wanted
from offhook.media.fake_detect import Listening, VoiceWatch
from offhook.media.fake_line import PER_MS, Line, decoded, source_length, source_samples
from offhook.media.fake_stage import Stage, Timer
from offhook.media.wav import pcm_bytes

LOOK = 64
"""Bytes that show what a sound is."""


class Intake:
    """A sound whose bytes come while it is heard."""

    def __init__(self, stage: Stage, command: Play, source: Supplied) -> None:
        self.source = source
        self.last = False
        self.news: Callable[[], None] = lambda: None
        self._stage, self._command = stage, command
        self._data = b""
        self._told = 0

    def take(self, supply: Supply) -> None:
        self._data += supply.data
        self.last |= supply.last
        self.news()

    def samples(self) -> array[int]:
        """What can be heard of it so far. Raises ``ValueError``."""
        try:
            samples = decoded(self._data)
        except ValueError:
            if self.last or len(self._data) >= LOOK:
                raise
            return array("h")
        if len(self._data) > self._told:
            self._tell(len(self._data) - self._told)
            self._told = len(self._data)
        return samples

    def close(self) -> None:
        self.news = lambda: None
        self._tell(0)

    def _tell(self, size: int) -> None:
        self._stage.emit(Wanted(command=self._command.id, stream=self.source.stream, bytes=size))


class Prompt:
    """Sources one after the other, in the session's turn."""

    def __init__(
        self,
        stage: Stage,
        line: Line,
        sources: Sequence[AudioSource],
        ended: Callable[[Played], None],
        *,
        loop: int = 1,
        offset: int = 0,
        gain: float = 0.0,
        intakes: Sequence[Intake] = (),
        failed: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._stage, self._line, self._loop, self._ended, self._failed = stage, line, loop, ended, failed
        self._intakes = {intake.source.stream: intake for intake in intakes}
        self._sources = [
            (source, None if isinstance(source, Supplied) else source_length(source)) for source in sources
        ]
        self._offset, self._gain = offset, gain
        self._index = 0
        self._heard = 0
        """Milliseconds of the present source."""
        self._piece_began = 0
        self._began: int | None = None
        self._hushed: Callable[[], None] = lambda: None
        self._timer: Timer | None = None
        stage.take_turn(line.session, self)

    def begin(self) -> None:
        self._began = self._stage.now()
        if all(length == 0 for _, length in self._sources):
            self._end()
        else:
            self._go_on()

    def stop(self, key: str | None = None) -> Played:
        self._silence()
        duration = 0 if self._began is None else self._stage.now() - self._began
        for intake in self._intakes.values():
            intake.close()
        self._stage.leave_turn(self._line.session, self)
        return Played(duration=duration, stopped_by=key)

    def set_gain(self, gain: float) -> None:
        self._gain = gain
        if self._timer is not None:
            self._heard += self._stage.now() - self._piece_began
            self._go_on()

    @property
    def audible(self) -> bool:
        return self._began is not None

    def _silence(self) -> None:
        self._hushed()
        self._hushed = lambda: None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _go_on(self) -> None:
        """Hear the present source from where it is."""
        self._silence()
        if self._loop and self._index == len(self._sources) * self._loop:
            self._end()
            return
        source, length = self._sources[self._index % len(self._sources)]
        if isinstance(source, Supplied):
            self._flow(self._intakes[source.stream])
            return
        self._heard, self._offset = self._heard + self._offset, 0
        if length is not None and self._heard >= length:
            self._offset = self._heard - length if self._index < len(self._sources) else 0
            self._next()
            return
        self._hear(_part(source, self._heard, self._gain))
        if length is not None:
            self._wait(length - self._heard, self._next)

    def _flow(self, intake: Intake) -> None:
        intake.news = lambda: self._go_on() if self._timer is None else None
        try:
            samples = intake.samples()
        except ValueError as error:
            self._silence()
            self._failed(f"cannot play {intake.source.name}: it {error}")
            return
        self._heard, self._offset = self._heard + self._offset, 0
        rest = samples[self._heard * PER_MS :]
        if rest:
            self._hear(_louder(rest, self._gain))
            self._wait(len(rest) // PER_MS, lambda: self._more(len(rest) // PER_MS))
        elif intake.last:
            intake.news = lambda: None
            self._next()

    def _more(self, heard: int) -> None:
        self._heard += heard
        self._go_on()

    def _hear(self, source: AudioSource) -> None:
        self._piece_began = self._stage.now()
        self._hushed = self._line.hears(source)

    def _wait(self, milliseconds: int, then: Callable[[], None]) -> None:
        self._timer = self._stage.at(self._stage.now() + milliseconds, then)

    def _next(self) -> None:
        self._index += 1
        self._heard = 0
        self._go_on()

    def _end(self) -> None:
        self._ended(self.stop())


class Playing:
    def __init__(self, stage: Stage, line: Line, command: Play) -> None:
        self.sessions = (command.session,)
        self._stage, self._command = stage, command
        self._intakes = [Intake(stage, command, source) for source in command.sources if isinstance(source, Supplied)]
        if self._intakes and command.loop != 1:
            raise ValueError("what is supplied as it comes cannot be repeated")
        self._listening = None if command.stop_on_voice is None else Listening(stage, line, self._frame)
        self._voice = None if command.stop_on_voice is None else VoiceWatch(command.stop_on_voice)
        self._prompt = Prompt(
            stage,
            line,
            command.sources,
            self._ended,
            loop=command.loop,
            offset=command.offset,
            gain=command.gain,
            intakes=self._intakes,
            failed=self._failed,
        )

    def take(self, supply: Supply) -> None:
        """Bytes for one of its sources, if they are."""
        for intake in self._intakes:
            if intake.source.stream == supply.stream:
                intake.take(supply)

    def set_gain(self, gain: float) -> None:
        self._prompt.set_gain(gain)

    def _ended(self, played: Played) -> None:
        if self._listening is not None:
            self._listening.stop()
        self._stage.finish(self._command.id, played)

    def _failed(self, reason: str) -> None:
        self.stop()
        self._stage.fail(self._command.id, reason)

    def stop(self, by: str | None = None) -> Played:
        if self._listening is not None:
            self._listening.stop()
        return self._prompt.stop(by)

    def key(self, digit: str) -> None:
        if self._prompt.audible and digit in self._command.stop_on:
            self._stage.finish(self._command.id, self.stop(digit))

    def _frame(self, samples: array[int]) -> None:
        if self._voice is not None and self._prompt.audible:
            self._voice.frame(samples)
            if self._voice.active:
                self._stage.finish(self._command.id, self.stop(VOICE))


def _part(source: AudioSource, since: int, gain: float) -> AudioSource:
    """A source as it is heard from a time on, so much louder; the whole of it stays what it is."""
    if isinstance(source, Tone) and not since:
        return replace(source, level=source.level + gain)
    if isinstance(source, Silence):
        return replace(source, duration=source.duration - since)
    if not since and not gain:
        return source
    return _louder(source_samples(source)[since * PER_MS :], gain)


def _louder(samples: array[int], gain: float) -> Pcm:
    factor = 10 ** (gain / 20)
    louder = array("h", (max(-32_768, min(32_767, round(sample * factor))) for sample in samples))
    return Pcm(data=pcm_bytes(louder if gain else samples))
