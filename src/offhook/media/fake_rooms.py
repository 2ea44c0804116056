"""What the twin engine does for rooms: who of a room hears whom, what all hear, and what is recorded of it."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Protocol

from offhook.media.commands import (
    Announce,
    ChangeMember,
    Codec,
    CommandId,
    Connect,
    Join,
    RecordRoom,
    SessionId,
    Supplied,
)
from offhook.media.events import Done, Played, Recorded, RecordEnd, SpeakingChanged
from offhook.media.fake_line import Announced, Line, Relayed, source_length
from offhook.media.fake_recording import File
from offhook.media.fake_stage import Stage, Timer
from offhook.media.membership import RoomId

BEGINS, ENDS = 100, 800
"""Milliseconds of voice until somebody speaks, and of silence until he does not any more."""

Source = Relayed | Announced


class Host(Stage, Protocol):
    """What rooms need of the engine."""

    def cancel(self, command: CommandId) -> None:
        """End another command that cannot go on."""
        ...


class Floor:
    """One room. It is there while somebody is in it."""

    def __init__(
        self, stage: Host, room: RoomId, lines: Callable[[SessionId], Line], empty: Callable[[], None]
    ) -> None:
        self.room = room
        self.members: dict[SessionId, Joining] = {}
        self.announcing: dict[CommandId, Announced] = {}
        self.recording: list[CommandId] = []
        self._stage, self._lines, self._empty = stage, lines, empty
        # A far end that hears everybody: what is recorded.
        self._tape = Line(session=SessionId(0), now=stage.now)
        self._tape.connection = Connect(
            id=CommandId(0), session=SessionId(0), remote=("", 0), codec=Codec.PCMU, payload_type=0
        )
        self._taped: dict[object, Callable[[], None]] = {}

    def settle(self) -> None:
        """Let everybody hear whom he is to hear, from now on."""
        for member in self.members.values():
            hear(member.line, member.hushed, self._sources(member))
        hear(self._tape, self._taped, self._sources(None) if self.recording else {})

    def sound(self, since: int, until: int) -> array[int]:
        """What all said together."""
        return self._tape.sound(since, until, self._lines)

    def leave(self, session: SessionId) -> None:
        """Somebody leaves; the last one ends what goes on in the room."""
        del self.members[session]
        self.settle()
        if not self.members:
            for command in (*self.announcing, *self.recording):
                self._stage.cancel(command)
            self._empty()

    def _sources(self, listener: Joining | None) -> dict[object, Source]:
        if listener is not None and listener.membership.deaf:
            return {}
        heard: dict[object, Source] = dict(self.announcing.items())
        for other in self.members.values():
            to = other.membership.coaches
            heard_by = to is None or (listener is not None and to == listener.line.session)
            if other is not listener and heard_by and not other.membership.muted:
                relayed = Relayed(session=other.line.session, gain=other.membership.gain)
                heard[relayed] = relayed
        return heard


def hear(line: Line, hushed: dict[object, Callable[[], None]], sources: dict[object, Source]) -> None:
    """Begin to hear those of ``sources`` that are new, and stop to hear what is not among them."""
    for key in hushed.keys() - sources.keys():
        hushed.pop(key)()
    for key in sources.keys() - hushed.keys():
        hushed[key] = line.hears(sources[key])


class Joining:
    """Somebody in a room."""

    def __init__(self, stage: Stage, line: Line, command: Join, floor: Floor) -> None:
        self.sessions = (command.session,)
        self.line, self.membership = line, command.membership
        self.hushed: dict[object, Callable[[], None]] = {}
        self._stage, self._floor = stage, floor
        self._speaking = False
        self._timers: list[Timer] = []
        floor.members[command.session] = self
        floor.settle()

    def change(self, command: ChangeMember) -> None:
        self.membership = command.membership
        self._floor.settle()
        if self.membership.muted:
            self._timers.append(self._stage.at(self._stage.now() + ENDS, lambda: self._tell(False)))
        self._stage.finish(command.id, Done())

    def stop(self) -> None:
        for timer in self._timers:
            timer.cancel()
        for hushed in self.hushed.values():
            hushed()
        self._floor.leave(self.line.session)

    def key(self, digit: str) -> None:
        pass

    def speaks(self, until: int) -> None:
        """The far end speaks, and is silent again at ``until``."""
        now = self._stage.now()
        self._timers.append(self._stage.at(now + BEGINS, lambda: self._tell(not self.membership.muted)))
        self._timers.append(self._stage.at(until + ENDS, lambda: self._tell(self.line.silent_from() > until)))

    def _tell(self, speaking: bool) -> None:
        if self.membership.reports and speaking is not self._speaking:
            self._speaking = speaking
            self._stage.emit(SpeakingChanged(session=self.line.session, speaking=speaking))


class Announcing:
    """Something that all in a room hear."""

    def __init__(self, stage: Stage, command: Announce, floor: Floor) -> None:
        self.sessions: tuple[SessionId, ...] = ()
        self._stage, self._command, self._floor = stage, command, floor
        self._began = stage.now()
        self._timer: Timer | None = None
        self._lengths = [source_length(source) for source in command.sources]
        if any(isinstance(source, Supplied) for source in command.sources):
            raise ValueError("what is supplied as it comes cannot be repeated")
        if all(length == 0 for length in self._lengths):
            stage.finish(command.id, Played(duration=0))
        else:
            self._piece(0)

    def stop(self) -> Played:
        if self._timer is not None:
            self._timer.cancel()
        self._floor.announcing.pop(self._command.id, None)
        self._floor.settle()
        return Played(duration=self._stage.now() - self._began)

    def key(self, digit: str) -> None:
        pass

    def _piece(self, index: int) -> None:
        self._floor.announcing.pop(self._command.id, None)
        self._floor.settle()
        count = len(self._command.sources)
        if self._command.loop and index == count * self._command.loop:
            self._stage.finish(self._command.id, self.stop())
            return
        self._floor.announcing[self._command.id] = Announced(source=self._command.sources[index % count])
        self._floor.settle()
        length = self._lengths[index % count]
        if length is not None:
            self._timer = self._stage.at(self._stage.now() + length, lambda: self._piece(index + 1))


class RoomRecording:
    """What all say together, in a file."""

    def __init__(self, stage: Stage, command: RecordRoom, floor: Floor) -> None:
        self.sessions: tuple[SessionId, ...] = ()
        self._command, self._floor = command, floor
        self._file = File(stage, command.path, 1, floor.sound)
        floor.recording.append(command.id)
        floor.settle()
        self._file.begin()

    def stop(self) -> Recorded:
        duration = self._file.finish()
        self._floor.recording.remove(self._command.id)
        self._floor.settle()
        return Recorded(path=self._command.path, duration=duration, end=RecordEnd.CANCELLED)

    def key(self, digit: str) -> None:
        pass
