"""The media engine in Rust as an ``Engine``: translates commands to calls and batches of tuples to events.

Holds no rule of media; one eventfd wakes the loop, once per batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, assert_never

import structlog

from offhook.media._native import Engine as Compiled
from offhook.media._native import decode as decode_file
from offhook.media.commands import (
    UNANSWERED,
    Announce,
    AudioData,
    AudioFile,
    AudioSource,
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
    Pcm,
    Play,
    RecordRoom,
    SendDigits,
    SessionId,
    SetGain,
    Silence,
    StreamId,
    Supplied,
    Supply,
    Tap,
    Tone,
)
from offhook.media.events import (
    AudioChunk,
    Cancelled,
    Closed,
    Detected,
    DigitReceived,
    Done,
    Event,
    Failed,
    Finished,
    MarkReached,
    Measured,
    Opened,
    PathLost,
    Played,
    Recorded,
    RecordEnd,
    Result,
    RtpLost,
    SilenceHeard,
    SpeakingChanged,
    Statistics,
    ToneStarted,
    ToneStopped,
    VoiceStarted,
    VoiceStopped,
    Wanted,
)
from offhook.media.membership import Membership
from offhook.media.recording import PauseRecording, Record, ResumeRecording, Track
from offhook.media.settings import MediaSettings
from offhook.media.voice import Voice
from offhook.media.webrtc import Identity, OpenToBrowser

log = structlog.get_logger(__name__)

CLOSE_TIMEOUT_MS = 900
"""For the threads to end; they look at their orders at least every 5 ms."""


class NativeEngine:
    """An ``Engine`` on sockets and threads of its own. Made, used and closed on one running event loop."""

    def __init__(self, settings: MediaSettings) -> None:
        self._loop = asyncio.get_running_loop()
        self._identity = identity = Identity.new()
        self._engine = Compiled(
            port_low=settings.port_low,
            port_high=settings.port_high,
            shards=settings.shards,
            jitter_least=settings.jitter,
            jitter_most=settings.jitter_max,
            rtp_timeout=round(settings.rtp_timeout * 1000),
            keepalive=round(settings.keepalive * 1000),
            prompt_cache=settings.prompt_cache << 20,
            streams=settings.streams,
            browsers=(
                settings.browser_host or settings.host,
                settings.browser_port,
                identity.certificate,
                identity.private_key,
                round(settings.browser_timeout * 1000),
            ),
        )
        if trouble := self._engine.browser_port()[1]:
            log.warning("browsers_cannot_be_reached", reason=trouble, mend="another media.browser_port")
        self._listener: Callable[[Sequence[Event]], None] = _nobody
        self._closed = False
        self._loop.add_reader(self._engine.fileno(), self._wake)

    def send(self, command: Command) -> None:
        """Hand a command over; never blocks. ``RuntimeError`` when its id is at work already."""
        if self._closed:
            self._refuse(command, "the media engine is closed")
            return
        try:
            self._hand_over(command)
        except (ValueError, OverflowError) as error:
            self._refuse(command, str(error))

    def listen(self, listener: Callable[[Sequence[Event]], None]) -> None:
        """Name the one listener, called on the loop with each batch of events, in order."""
        self._listener = listener

    async def close(self) -> None:
        """Close every session and stop the threads; ends within a second."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._engine.fileno())
        self._engine.stop()
        if not await self._loop.run_in_executor(None, self._engine.join, CLOSE_TIMEOUT_MS):
            log.error("media_threads_did_not_end", after_ms=CLOSE_TIMEOUT_MS)

    def _event(self, notice: tuple[Any, ...]) -> Event:
        match event := _event(notice):
            case Finished(result=Opened(host="") as opened):
                return replace(event, result=replace(opened, fingerprint=self._identity.fingerprint))
            case _:
                return event

    @property
    def browser_entries(self) -> int:
        """What is known of sessions at the port that browsers share; 0 once all are closed."""
        return self._engine.browser_entries()

    def metrics(self) -> dict[str, int]:
        """Counters and lateness of ticks (microseconds), of all threads together."""
        return self._engine.metrics()

    def reset_lateness(self) -> None:
        """Begin a new count of lateness, for a measurement."""
        self._engine.reset_lateness()

    def _refuse(self, command: Command, reason: str) -> None:
        if not isinstance(command, UNANSWERED):
            failed = Failed(command=command.id, reason=reason)
            self._loop.call_soon(lambda: self._listener((failed,)))

    def _wake(self) -> None:
        events = []
        for notice in self._engine.drain():
            if notice[0] == "shard-lost":
                log.error("media_thread_failed", shard=notice[1], reason=notice[2])
            else:
                events.append(self._event(notice))
        if events:
            self._listener(events)

    def _hand_over(self, command: Command) -> None:
        engine = self._engine
        match command:
            case Play():
                self._play(command)
            case Supply():
                engine.supply(command.stream, command.data, command.last)
            case SetGain():
                engine.set_gain(command.target, command.gain)
            case OpenSession() | OpenToBrowser():
                self._open(command)
            case Connect():
                self._connect(command)
            case SendDigits():
                engine.send_digits(command.id, command.session, command.digits, command.on, command.off)
            case Record():
                self._record(command)
            case PauseRecording() | ResumeRecording():
                engine.pause(command.recording, command.behavior.value if isinstance(command, PauseRecording) else None)
            case Bridge():
                engine.bridge(command.id, command.a, command.b)
            case Join():
                engine.join_room(command.id, command.session, command.room, _membership(command.membership))
            case ChangeMember():
                engine.change_member(command.id, command.session, _membership(command.membership))
            case Announce():
                engine.announce(command.id, command.room, [_source(source) for source in command.sources], command.loop)
            case RecordRoom():
                engine.record_room(command.id, command.room, command.path)
            case Tap():
                self._tap(command)
            case Detect():
                engine.detect(command.id, command.session, _voice(command.voice), command.silence, command.tones)
            case Inject():
                engine.inject(command.id, command.session, command.rate, command.backlog)
            case InjectAudio():
                engine.inject_audio(command.stream, command.data, command.last)
            case InjectMark():
                engine.inject_mark(command.stream, command.name)
            case InjectClear():
                engine.inject_clear(command.stream)
            case Measure():
                engine.measure(command.id, command.session)
            case Cancel():
                engine.cancel(command.target)
            case CloseSession():
                engine.close_session(command.id, command.session)
            case _:
                assert_never(command)

    def _tap(self, command: Tap) -> None:
        if not 20 <= command.chunk <= 1000:
            raise ValueError(f"a tap's chunks are 20..1000 ms, not {command.chunk}")
        inbound, outbound = command.track is not Track.OUTBOUND, command.track is not Track.INBOUND
        self._engine.tap(command.id, command.session, inbound, outbound, command.rate, command.chunk, command.backlog)

    def _play(self, command: Play) -> None:
        self._engine.play(
            command.id,
            command.session,
            [_source(source) for source in command.sources],
            command.loop,
            command.stop_on,
            _voice(command.stop_on_voice),
            command.offset,
            command.gain,
        )

    def _open(self, command: OpenSession | OpenToBrowser) -> None:
        if isinstance(command, OpenSession):
            self._engine.open_session(command.id, command.session, command.host, command.port)
        else:
            local, lite = command.local.words, command.lite
            self._engine.open_to_browser(command.id, command.session, local, lite, command.controlling)

    def _connect(self, command: Connect) -> None:
        host, port = command.remote
        security, opus = command.security, command.opus
        accepts = command.accepts or {command.payload_type: command.codec}
        self._engine.connect(
            command.id,
            command.session,
            host,
            port,
            command.codec.value,
            command.payload_type,
            [(payload_type, codec.value) for payload_type, codec in accepts.items()],
            command.dtmf_payload_type,
            command.ptime,
            command.direction.value,
            command.unconfirmed_limit,
            command.dtmf_accepts,
            None if security is None else (security.suite.value, security.sends, security.receives),
            command.dtmf_clock,
            (opus.bitrate, opus.complexity, opus.fec, opus.dtx),
            command.inband_dtmf,
            command.dtmf_signalled,
            command.rtcp_mux,
            command.comfort_noise,
            None if command.peer is None else command.peer.words,
        )

    def _record(self, command: Record) -> None:
        self._engine.record(
            command.id,
            command.session,
            command.path,
            (
                command.format.value,
                command.track.value,
                command.channels,
                command.rate,
                command.goes_on,
            ),
            command.max_length,
            command.silence,
            command.finish_on,
            command.beep,
            command.trim,
        )


def decode(data: bytes, longest: int = 1 << 26) -> tuple[bytes, int]:
    """A whole sound file as 16-bit samples of one channel, and their rate. Raises ``ValueError`` with a phrase that follows
    the file's name, also for one of more than ``longest`` samples. For tests and tools; a call's audio is decoded elsewhere.
    """
    return decode_file(data, longest)


def _nobody(events: Sequence[Event]) -> None:
    log.error("media_events_without_listener", count=len(events))


def _membership(of: Membership) -> tuple[bool, bool, int | None, float, bool, bool]:
    return of.muted, of.deaf, of.coaches, of.gain, of.level, of.reports


def _source(source: AudioSource) -> tuple[object, ...]:
    match source:
        case AudioFile():
            return ("file", source.path)
        case AudioData():
            return ("data", source.data, source.name, source.stated)
        case Supplied():
            return ("supplied", source.stream, source.name, source.stated)
        case Pcm():
            return ("pcm", source.data, source.rate)
        case Silence():
            return ("silence", source.duration)
        case Tone():
            return ("tone", list(source.frequencies), source.on, source.off, source.repeat, source.level)
        case _:
            assert_never(source)


def _voice(voice: Voice | None) -> tuple[float, float, int, int] | None:
    return None if voice is None else (voice.level, voice.above_noise, voice.onset, voice.hangover)


def _detected(kind: str, command: int, at: int, value: int) -> Detected:
    match kind:
        case "voice-started":
            return VoiceStarted(command=CommandId(command), at=at)
        case "voice-stopped":
            return VoiceStopped(command=CommandId(command), at=at)
        case "silence":
            return SilenceHeard(command=CommandId(command), at=at)
        case "tone-started":
            return ToneStarted(command=CommandId(command), at=at, frequency=value)
        case "tone-stopped":
            return ToneStopped(command=CommandId(command), at=at, duration=value)
        case _:
            raise AssertionError(f"the compiled engine said {kind}, which this version does not know")


def _event(notice: tuple[Any, ...]) -> Event:
    match notice:
        case ("finished", command, result):
            return Finished(command=CommandId(command), result=_result(result))
        case ("failed", command, reason):
            return Failed(command=CommandId(command), reason=reason)
        case ("cancelled", command, result):
            return Cancelled(command=CommandId(command), result=None if result is None else _result(result))
        case ("digit", session, key):
            return DigitReceived(session=SessionId(session), digit=key)
        case ("speaking", session, speaking):
            return SpeakingChanged(session=SessionId(session), speaking=speaking)
        case ("lost", session, silent):
            return RtpLost(session=SessionId(session), silent=silent)
        case ("path-lost", session, reason):
            return PathLost(session=SessionId(session), reason=reason)
        case ("chunk", command, data, dropped, outbound):
            track = Track.OUTBOUND if outbound else Track.INBOUND
            return AudioChunk(command=CommandId(command), data=data, track=track, dropped=dropped)
        case ("wanted", command, stream, size):
            return Wanted(command=CommandId(command), stream=StreamId(stream), bytes=size)
        case ("mark", command, name, cleared):
            return MarkReached(command=CommandId(command), name=name, cleared=cleared)
        case (kind, command, at, value):
            return _detected(kind, command, at, value)
        case _:
            raise AssertionError(f"the compiled engine said {notice[0]}, which this version does not know")


def _result(result: tuple[Any, ...]) -> Result:
    match result:
        case ("done",):
            return Done()
        case ("played", duration, key):
            return Played(duration=duration, stopped_by=key)
        case ("opened", host, port):
            return Opened(host=host, port=port)
        case ("recorded", path, duration, end, key, reason):
            return Recorded(path=path, duration=duration, end=RecordEnd(end), key=key, reason=reason)
        case ("closed", figures):
            return Closed(statistics=Statistics(**figures))
        case ("measured", figures):
            return Measured(statistics=Statistics(**figures))
        case _:
            raise AssertionError(f"the compiled engine told of {result[0]}, which this version does not know")
