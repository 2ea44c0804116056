"""The awaitable face of an engine: one ``MediaSession`` per leg, one ``Operation`` per command.

Cancelling the task that awaits an operation sends ``Cancel`` for it: the one law that makes every verb cancellable.
Holds no audio and knows no codec; what a session hears and sends is the engine's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict, TypeVar, Unpack, assert_never

import structlog

from offhook.media import events as told
from offhook.media import results
from offhook.media.commands import (
    AudioSource,
    Bridge,
    CloseSession,
    Codec,
    Command,
    CommandId,
    Connect,
    Direction,
    Measure,
    OpenSession,
    Play,
    SendDigits,
    SessionId,
    StreamId,
    Supplied,
)
from offhook.media.engine import Engine
from offhook.media.events import Event, Meanwhile, Opened, Played, Recorded, Result, Statistics
from offhook.media.hooks import Hooks
from offhook.media.keypad import SignalKey, signal
from offhook.media.operation import AudioTap, Ended, Injection, MediaClosed, MediaFailed, Operation, Taping
from offhook.media.opus import Opus
from offhook.media.playback import Playback
from offhook.media.recording import Record, RecordFormat, Track
from offhook.media.srtp import Security
from offhook.media.streaming import Streaming
from offhook.media.voice import Voice
from offhook.media.webrtc import BrowserPeer, IceCredentials, OpenToBrowser

log = structlog.get_logger(__name__)

_NARROW = {Codec.PCMU, Codec.PCMA, Codec.L16_8}
R = TypeVar("R")
_Pending = Operation[Any]
StartedT = TypeVar("StartedT", bound=_Pending)


class HowToRecord(TypedDict, total=False):
    """The fields of ``commands.Record`` that have defaults."""

    format: RecordFormat
    track: Track
    channels: int
    rate: int
    goes_on: bool
    max_length: int
    silence: int
    finish_on: str
    beep: bool
    trim: bool


class MediaSession(Hooks, Streaming):
    """Audio of one leg: an RTP address, what is heard there and what is sent from there.

    ``Sessions.create`` makes one. All its methods raise ``MediaFailed``, and ``MediaClosed`` once it is closed.
    """

    def __init__(self, sessions: Sessions, session: SessionId) -> None:
        Hooks.__init__(self)
        Streaming.__init__(self, sessions, session)
        self.signal_key: SignalKey | None = None
        """Sends a key by signalling, where keys go that way instead of in audio."""
        self.local: Opened | None = None
        """Where the far end may send to; None until opened."""
        self.rate = 8000
        """Hertz at which it is recorded unless another rate is asked for: those of its line, 16000 at most."""
        self._sessions = sessions
        self._closing: Operation[Statistics] | None = None

    @property
    def sessions(self) -> Sessions:
        """All of its engine."""
        return self._sessions

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._closing is not None

    def sibling(self) -> MediaSession:
        """Another session of the same engine."""
        return self._sessions.create()

    async def open(self, host: str, port: int = 0) -> Opened:
        """Bind the sockets on ``host`` (an IP literal); port 0 takes the next free one of the engine's range."""
        return await self._open(OpenSession(id=self._sessions.next_command(), session=self.id, host=host, port=port))

    async def open_to_browser(self, local: IceCredentials, *, lite: bool = True, controlling: bool = False) -> Opened:
        """Let a browser reach it at the port that all share. See ``OpenToBrowser``."""
        new = self._sessions.next_command()
        return await self._open(OpenToBrowser(id=new, session=self.id, local=local, lite=lite, controlling=controlling))

    async def _open(self, command: OpenSession | OpenToBrowser) -> Opened:
        if self._closing is not None:
            raise MediaClosed("the media session is closed")
        if self.local is not None:
            raise MediaFailed("the media session is open already")
        operation = self._sessions.open(self, command, results.reader(Opened))
        try:
            self.local = await operation.within(self._sessions.reply_timeout)
        finally:
            if self.local is None:
                self.start_close()
        return self.local

    async def connect(
        self,
        *,
        remote: tuple[str, int],
        codec: Codec,
        payload_type: int,
        accepts: Mapping[int, Codec] | None = None,
        dtmf_payload_type: int | None = None,
        dtmf_accepts: int | None = None,
        dtmf_clock: int = 8000,
        inband_dtmf: bool = False,
        dtmf_signalled: bool = False,
        ptime: int = 20,
        direction: Direction = Direction.SENDRECV,
        security: Security | None = None,
        opus: Opus | None = None,
        rtcp_mux: bool = False,
        comfort_noise: int | None = None,
        peer: BrowserPeer | None = None,
    ) -> None:
        """Say where to send and how to read what arrives. May be repeated; what plays goes on."""
        command = Connect(
            id=self._sessions.next_command(),
            session=self.id,
            remote=remote,
            codec=codec,
            payload_type=payload_type,
            accepts={payload_type: codec} if accepts is None else accepts,
            dtmf_payload_type=dtmf_payload_type,
            dtmf_accepts=dtmf_accepts,
            dtmf_clock=dtmf_clock,
            inband_dtmf=inband_dtmf,
            dtmf_signalled=dtmf_signalled,
            ptime=ptime,
            direction=direction,
            security=security,
            opus=opus or Opus(),
            rtcp_mux=rtcp_mux,
            comfort_noise=comfort_noise,
            peer=peer,
        )
        self.rate = 8000 if codec in _NARROW else 16_000
        await self._start(command, results.nothing).within(self._sessions.reply_timeout)

    def supplied(self, *, name: str = "", stated: str = "") -> Supplied:
        """A sound for ``start_play`` whose bytes are still to come; ``Playback.supply`` hands them over."""
        return Supplied(stream=StreamId(self._sessions.next_command()), name=name, stated=stated)

    def start_play(
        self,
        *sources: AudioSource,
        loop: int = 1,
        stop_on: str = "",
        stop_on_voice: Voice | None = None,
        offset: int = 0,
        gain: float = 0.0,
    ) -> Playback:
        """Begin to play, after what is queued already."""
        command = Play(
            id=self._sessions.next_command(),
            session=self.id,
            sources=sources,
            loop=loop,
            stop_on=stop_on,
            stop_on_voice=stop_on_voice,
            offset=offset,
            gain=gain,
        )
        read = results.reader(Played, Played(duration=0))
        return self.launch(command, Playback(self._sessions, command, read))

    async def play(
        self, *sources: AudioSource, loop: int = 1, stop_on: str = "", stop_on_voice: Voice | None = None
    ) -> Played:
        """Play ``sources`` one after the other, ``loop`` times (0 = until cancelled); a key of ``stop_on`` stops it, or a voice."""
        return await self._to_the_end(
            self.start_play(*sources, loop=loop, stop_on=stop_on, stop_on_voice=stop_on_voice)
        )

    def start_record(self, path: str, **how: Unpack[HowToRecord]) -> Taping:
        """Begin to record into ``path``, as ``commands.Record`` says. What was recorded can be asked for after a hangup too."""
        command = Record(id=self._sessions.next_command(), session=self.id, path=path, **how)
        return self.launch(
            command, Taping(self._sessions, command.id, results.reader(Recorded, results.nothing_recorded(path)))
        )

    def start_digits(self, digits: str, *, on: int = 100, off: int = 100) -> Operation[None]:
        """Begin to send keys in audio."""
        command = SendDigits(id=self._sessions.next_command(), session=self.id, digits=digits, on=on, off=off)
        return self._start(command, results.nothing)

    async def send_digits(self, digits: str, *, on: int = 100, off: int = 100) -> None:
        """Send keys to the far end; ``w`` waits 500 ms, ``W`` 1 s. Times of tone and gap in ms."""
        if self.signal_key is not None:
            await signal(self, digits, on, off)
        else:
            await self._to_the_end(self.start_digits(digits, on=on, off=off))

    def start_bridge(self, other: MediaSession) -> Operation[None]:
        """Begin to connect two sessions; with itself it is an echo."""
        command = Bridge(id=self._sessions.next_command(), a=self.id, b=other.id)
        if other.closed:
            raise MediaClosed("the other media session is closed")
        return self._start(command, results.nothing)

    async def bridge(self, other: MediaSession) -> None:
        """Connect two sessions until cancelled, or until one of them closes."""
        await self.start_bridge(other).result()

    async def measure(self) -> Statistics:
        """What it has seen of its line so far: nothing before it is open; once it is closed, all."""
        if self._closing is not None or self.local is None:
            return Statistics() if self._closing is None else await self.close()
        command = Measure(id=self._sessions.next_command(), session=self.id)
        return await self._start(command, results.statistics).within(self._sessions.reply_timeout)

    async def close(self) -> Statistics:
        """Close the sockets; what runs ends interrupted. Idempotent, and goes on when the caller is cancelled."""
        return await self.start_close().within(self._sessions.reply_timeout)

    def start_close(self) -> Operation[Statistics]:
        """Begin to close, once."""
        if self._closing is None:
            self._closing = self._sessions.close_session(self)
        return self._closing

    def _start(
        self, command: Connect | SendDigits | Bridge | Measure, read: Callable[[Result | None], R]
    ) -> Operation[R]:
        return self.launch(command, Operation(self._sessions, command.id, read))

    def launch(self, command: Command, operation: StartedT) -> StartedT:
        """Send a command of this session, whose end belongs to ``operation``."""
        if self._closing is not None:
            raise MediaClosed("the media session is closed")
        if self.local is None:
            raise MediaFailed("the media session is not open")
        self._sessions.start(command, operation)
        return operation

    async def _to_the_end(self, operation: Operation[R]) -> R:
        """The result of something that has none worth having when the session closed under it."""
        result = await operation.result()
        if operation.interrupted and self._closing is not None:
            raise MediaClosed("the media session was closed")
        return result


class Sessions:
    """All media sessions of one engine: hands out ids, sends commands, brings each event to who waits for it.

    ``reply_timeout`` bounds what the engine answers at once (open, connect, close); ``cancel_timeout`` how long a
    cancelled task waits for its command's end. Both in seconds. The engine admits sessions, so nothing here grows
    beyond it: a command has an entry until its end came, a session until its close did.
    """

    def __init__(self, engine: Engine, *, reply_timeout: float = 5.0, cancel_timeout: float = 1.0) -> None:
        self.reply_timeout = reply_timeout
        self.cancel_timeout = cancel_timeout
        self._engine = engine
        self._operations: dict[CommandId, _Pending] = {}
        self._sessions: dict[SessionId, MediaSession] = {}
        self._last_command = 0
        self._last_session = 0
        engine.listen(self._dispatch)

    @property
    def idle(self) -> bool:
        """Whether no session is open and no command is without an end."""
        return not (self._operations or self._sessions)

    def __len__(self) -> int:
        """How many sessions are open, opening or closing."""
        return len(self._sessions)

    def create(self) -> MediaSession:
        """A session that holds nothing until it is opened."""
        self._last_session += 1
        return MediaSession(self, SessionId(self._last_session))

    async def close(self) -> None:
        """Close every session, then the engine, whether or not the sessions did in time."""
        closing = [session.start_close() for session in list(self._sessions.values())]
        try:
            async with asyncio.timeout(self.reply_timeout):
                for operation in closing:
                    await operation.within(self.reply_timeout)
        finally:
            await self._engine.close()

    def next_command(self) -> CommandId:
        """An id that was never used before."""
        self._last_command += 1
        return CommandId(self._last_command)

    def send(self, command: Command) -> None:
        """Pass on a command that has no end of its own."""
        self._engine.send(command)

    def start(self, command: Command, operation: _Pending) -> None:
        """Send a command whose end belongs to ``operation``."""
        self._operations[operation.id] = operation
        self._engine.send(command)

    def open(
        self, session: MediaSession, command: OpenSession | OpenToBrowser, read: Callable[[Result | None], Opened]
    ) -> Operation[Opened]:
        """Send ``command``, and know ``session`` until it is closed or the opening failed."""

        def forget(end: Ended) -> None:
            if isinstance(end, told.Failed):
                self._sessions.pop(session.id, None)

        operation = Operation(self, command.id, read, forget)
        self._sessions[session.id] = session
        self.start(command, operation)
        return operation

    def close_session(self, session: MediaSession) -> Operation[Statistics]:
        """Close ``session`` in the engine, if it is there."""
        operation = Operation(self, self.next_command(), results.statistics, lambda _: self._forget(session))
        if session.id in self._sessions:
            self.start(CloseSession(id=operation.id, session=session.id), operation)
        else:
            operation.end(told.Finished(command=operation.id, result=told.Closed(statistics=Statistics())))
        return operation

    def _forget(self, session: MediaSession) -> None:
        self._sessions.pop(session.id, None)

    def _dispatch(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, Meanwhile):
                if (stream := self._operations.get(event.command)) is not None:
                    stream.hear(event)
                continue
            match event:
                case told.Finished() | told.Failed() | told.Cancelled():
                    if (operation := self._operations.pop(event.command, None)) is None:
                        log.error("media_end_without_command", command=event.command)
                    else:
                        operation.end(event)
                case told.DigitReceived() | told.SpeakingChanged() | told.RtpLost() | told.PathLost():
                    if (session := self._sessions.get(event.session)) is not None:
                        session.tell(event)
                case never:
                    assert_never(never)


__all__ = ["AudioTap", "Injection", "MediaClosed", "MediaFailed", "MediaSession", "Operation", "Sessions"]
