"""The native engine's twin, for tests: same commands, same events, on the clock of the running loop, without sockets.

It remembers what each far end heard and lets a test speak and press keys in its place. Held to ``conformance``.
"""

from __future__ import annotations

import asyncio
import ipaddress
from array import array
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import assert_never

from offhook.media.commands import (
    DTMF_KEYS,
    Announce,
    Bridge,
    Cancel,
    ChangeMember,
    CloseSession,
    Command,
    CommandId,
    Connect,
    Detect,
    Inject,
    InjectAudio,
    InjectClear,
    InjectMark,
    Join,
    Measure,
    OpenSession,
    Play,
    RecordRoom,
    SendDigits,
    SessionId,
    SetGain,
    Supply,
    Tap,
)
from offhook.media.events import (
    Cancelled,
    Closed,
    DigitReceived,
    Done,
    Event,
    Failed,
    Finished,
    Measured,
    Opened,
    PathLost,
    Result,
    RtpLost,
    Statistics,
)
from offhook.media.fake_detect import Detecting, keys_in
from offhook.media.fake_line import PER_MS, Heard, Line
from offhook.media.fake_prompt import Playing
from offhook.media.fake_recording import Recording
from offhook.media.fake_rooms import Announcing, Floor, Joining, RoomRecording
from offhook.media.fake_stage import Turn, Work
from offhook.media.fake_streams import Injecting, Tapping
from offhook.media.fake_work import WAITS, Bridging, Dialling
from offhook.media.membership import RoomId
from offhook.media.recording import PauseRecording, Record, ResumeRecording
from offhook.media.wav import pcm_samples
from offhook.media.webrtc import OpenToBrowser


class Refused(Exception):
    """A command that cannot be done; the message becomes the reason of its ``Failed``."""


class FakeEngine:
    """An ``Engine``. Times are milliseconds of the loop that runs when it is made."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._listener: Callable[[Sequence[Event]], None] = lambda _: None
        self._batch: list[Event] = []
        self._open: dict[SessionId, Opened] = {}
        self._lines: dict[SessionId, Line] = {}
        self._turns: dict[SessionId, deque[Turn]] = {}
        self._work: dict[CommandId, Work] = {}
        self._floors: dict[RoomId, Floor] = {}
        self._ended_early: set[CommandId] = set()
        self._refusals: dict[type[Command], deque[str]] = {}
        self._next_port = 16_384
        self._closed = False
        self.commands: list[Command] = []
        """Everything it was told, in order."""

    # the port

    def send(self, command: Command) -> None:
        self.commands.append(command)
        match command:
            case Cancel(target=target):
                self.cancel(target)
            case Supply():
                for playing in [work for work in self._work.values() if isinstance(work, Playing)]:
                    playing.take(command)
            case SetGain(target=target, gain=gain):
                if isinstance(work := self._work.get(target), Playing):
                    work.set_gain(gain)
            case InjectAudio() | InjectMark() | InjectClear():
                if isinstance(work := self._work.get(command.stream), Injecting):
                    work.take(command)
            case PauseRecording(recording=recording, behavior=behavior):
                if isinstance(work := self._work.get(recording), Recording):
                    work.pause(behavior)
            case ResumeRecording(recording=recording):
                if isinstance(work := self._work.get(recording), Recording):
                    work.pause(None)
            case _:
                try:
                    self._carry_out(command)
                except (Refused, ValueError, OSError) as error:
                    self.fail(command.id, str(error))

    def listen(self, listener: Callable[[Sequence[Event]], None]) -> None:
        self._listener = listener

    async def close(self) -> None:
        for session in list(self._open):
            self._close_session(session)
        self._closed = True
        await asyncio.sleep(0)

    # what a test does in the far end's place, and asks it

    @property
    def idle(self) -> bool:
        """Whether no session is open and nothing is under way."""
        return not (self._open or self._work or self._floors)

    @property
    def sessions(self) -> list[SessionId]:
        """Those that are open, oldest first."""
        return list(self._open)

    def line(self, session: SessionId) -> Line:
        """The far end of a session, also after its close."""
        return self._lines[session]

    def press(self, session: SessionId, keys: str) -> None:
        """The far end presses keys, one right after the other (RFC 4733)."""
        line = self._lines[session]
        if not line.sends_keys:
            raise ValueError("the far end cannot send keys: the session is not connected with a telephone-event type")
        for key in keys:
            self._press(line, key)

    def _press(self, line: Line, key: str, *, toned: bool = False) -> None:
        self.emit(DigitReceived(session=line.session, digit=key))
        for work in list(self._work.values()):
            if line.session in work.sessions:
                work.key(key)
                if isinstance(work, Bridging):
                    work.relay(line, key, toned=toned)

    def speak(self, session: SessionId, sound: bytes | int) -> None:
        """The far end speaks: 16-bit samples at 8 kHz, or so many milliseconds; after what it is saying already."""
        line = self._lines[session]
        silent = line.says(sound)
        if joining := self._joining(session):
            joining.speaks(silent)
        if isinstance(sound, bytes) and line.connection is not None and line.connection.inband_dtmf:
            began = silent - len(sound) // (2 * PER_MS)
            for after, key in keys_in(pcm_samples(sound)):
                self.at(began + after, partial(self._press_tone, session, key))

    def _press_tone(self, session: SessionId, key: str) -> None:
        line = self._lines[session]
        if session in self._open and line.connection is not None and line.connection.inband_dtmf:
            self._press(line, key, toned=True)

    def heard(self, session: SessionId) -> list[Heard]:
        """What the far end heard, in the order in which it began."""
        return list(self._lines[session].heard)

    def sound(self, session: SessionId, since: int = 0) -> array[int]:
        """The same as samples at 8 kHz, from ``since`` (ms) until now."""
        return self._lines[session].sound(since, self.now(), self._lines.__getitem__)

    def lose_rtp(self, session: SessionId, silent: int) -> None:
        """Nothing has come from the far end for so long."""
        self.emit(RtpLost(session=session, silent=silent))

    def lose_path(self, session: SessionId, reason: str) -> None:
        """There is no way to a browser any more."""
        self.emit(PathLost(session=session, reason=reason))

    def refuse_next(self, kind: type[Command], reason: str) -> None:
        """The next command of this kind ends ``Failed``."""
        self._refusals.setdefault(kind, deque()).append(reason)

    # what the work needs

    def now(self) -> int:
        return round(self._loop.time() * 1000)

    def at(self, when: int, then: Callable[[], None]) -> asyncio.TimerHandle:
        return self._loop.call_at(when / 1000, then)

    def emit(self, event: Event) -> None:
        if not self._batch:
            self._loop.call_soon(self._flush)
        self._batch.append(event)

    def finish(self, command: CommandId, result: Result) -> None:
        self._forget(command)
        self.emit(Finished(command=command, result=result))

    def fail(self, command: CommandId, reason: str) -> None:
        self._forget(command)
        self.emit(Failed(command=command, reason=reason))

    def take_turn(self, session: SessionId, turn: Turn) -> None:
        turns = self._turns.setdefault(session, deque())
        turns.append(turn)
        if turns[0] is turn:
            turn.begin()

    def leave_turn(self, session: SessionId, turn: Turn) -> None:
        turns = self._turns[session]
        if turn not in turns:
            return
        first = turns[0] is turn
        turns.remove(turn)
        if first and turns:
            turns[0].begin()

    # commands

    def _carry_out(self, command: _Answered) -> None:
        if reasons := self._refusals.get(type(command)):
            raise Refused(reasons.popleft())
        if self._closed:
            raise Refused("the media engine is closed")
        match command:
            case OpenSession():
                self.finish(command.id, self._open_session(command))
            case OpenToBrowser():
                self.finish(command.id, self._open_to_browser(command))
            case Connect():
                self._connect(command)
            case Play():
                if not -60 <= command.gain <= 20:
                    raise Refused(f"a gain of {command.gain:g} dB is not in -60..20")
                self._start(command.id, lambda: Playing(self, self._known(command.session), command))
            case SendDigits():
                if unknown := set(command.digits) - set(DTMF_KEYS) - set(WAITS):
                    raise Refused(f"there is no key {''.join(sorted(unknown))!r}")
                self._start(command.id, lambda: Dialling(self, self._known(command.session), command))
            case Record():
                self._start(command.id, lambda: Recording(self, self._known(command.session), self.line, command))
            case Bridge():
                self._start(command.id, lambda: self._bridge(command))
            case Join():
                self._start(command.id, lambda: self._join(command))
            case ChangeMember():
                if (joining := self._joining(command.session)) is None:
                    raise Refused(f"session {command.session} is in no room")
                joining.change(command)
            case Announce():
                self._start(command.id, lambda: Announcing(self, command, self._floor(command.room)))
            case RecordRoom():
                self._start(command.id, lambda: RoomRecording(self, command, self._floor(command.room)))
            case Tap():
                self._start(command.id, lambda: Tapping(self, self._known(command.session), command))
            case Detect():
                self._start(command.id, lambda: Detecting(self, self._known(command.session), command))
            case Inject():
                self._start(command.id, lambda: Injecting(self, self._known(command.session), command))
            case Measure():
                self.finish(command.id, Measured(statistics=self._known(command.session).statistics()))
            case CloseSession():
                self._known(command.session)
                statistics = self._close_session(command.session)
                self.finish(command.id, Closed(statistics=statistics))
            case never:
                assert_never(never)

    def _open_session(self, command: OpenSession) -> Opened:
        if command.session in self._lines:
            raise Refused(f"session {command.session} exists already")
        try:
            ipaddress.ip_address(command.host)
        except ValueError as error:
            raise Refused(str(error)) from error
        port = command.port
        if not port:
            port, self._next_port = self._next_port, self._next_port + 2
        if any((opened.host, opened.port) == (command.host, port) for opened in self._open.values()):
            raise Refused(f"port {port} is in use")
        self._lines[command.session] = Line(session=command.session, now=self.now)
        self._open[command.session] = opened = Opened(host=command.host, port=port)
        return opened

    def _open_to_browser(self, command: OpenToBrowser) -> Opened:
        self._lines[command.session] = Line(session=command.session, now=self.now)
        self._open[command.session] = opened = Opened(host="", port=16_380, fingerprint=("sha-256", bytes(32)))
        return opened

    def _connect(self, command: Connect) -> None:
        line = self._known(command.session)
        to_browser = self._open[command.session].fingerprint is not None
        if to_browser and command.peer is None:
            raise Refused("a session that was opened to a browser is connected to one, and to nobody else")
        if not to_browser and command.peer is not None:
            raise Refused("a session with ports of its own cannot be connected to a browser")
        if not 0 <= command.payload_type <= 127:
            raise Refused(f"payload type {command.payload_type} is outside 0..127")
        line.connection = command
        self.finish(command.id, Done())

    def _bridge(self, command: Bridge) -> Bridging:
        a, b = self._known(command.a), self._known(command.b)
        for session in (command.a, command.b):
            if self._joining(session):
                raise Refused(f"session {session} is in a room already")
        return Bridging(self, a, b, command)

    def _join(self, command: Join) -> Joining:
        line, room = self._known(command.session), command.room
        if any(
            isinstance(work, Joining | Bridging) and command.session in work.sessions for work in self._work.values()
        ):
            raise Refused(f"session {command.session} is bridged or in a room already")
        if room not in self._floors:
            self._floors[room] = Floor(self, room, self._lines.__getitem__, lambda: self._forget_room(room))
        return Joining(self, line, command, self._floors[room])

    def _forget_room(self, room: RoomId) -> None:
        del self._floors[room]

    def _joining(self, session: SessionId) -> Joining | None:
        joining = (work for work in self._work.values() if isinstance(work, Joining) and session in work.sessions)
        return next(joining, None)

    def _floor(self, room: RoomId) -> Floor:
        if room not in self._floors:
            raise Refused(f"nobody is in room {room}")
        return self._floors[room]

    def _known(self, session: SessionId) -> Line:
        if session not in self._open:
            raise Refused(f"there is no session {session}")
        return self._lines[session]

    def _start(self, command: CommandId, begin: Callable[[], Work]) -> None:
        """Remember what is under way, unless it ended while it began."""
        self._ended_early.clear()
        work = begin()
        if command not in self._ended_early:
            self._work[command] = work

    def _forget(self, command: CommandId) -> None:
        if self._work.pop(command, None) is None:
            self._ended_early.add(command)

    def cancel(self, command: CommandId) -> None:
        """End a command as ``Cancelled``, if it is under way."""
        work = self._work.pop(command, None)
        if work is not None:
            self.emit(Cancelled(command=command, result=work.stop()))

    def _close_session(self, session: SessionId) -> Statistics:
        newest_first = [command for command, work in self._work.items() if session in work.sessions][::-1]
        for command in newest_first:
            self.cancel(command)
        del self._open[session]
        self._turns.pop(session, None)
        return self._lines[session].statistics()

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        self._listener(batch)


_Answered = (
    OpenSession
    | OpenToBrowser
    | Connect
    | Play
    | SendDigits
    | Record
    | Bridge
    | Join
    | ChangeMember
    | Announce
    | RecordRoom
    | Tap
    | Detect
    | Inject
    | Measure
    | CloseSession
)
