"""What a caller hears and how he is recorded: the media ports of verbs over the call's media session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager

from offhook.calls.recording import LiveRecording, RecordingOrder
from offhook.calls.script import ScriptCall
from offhook.media.commands import AudioSource, Pcm, Supplied
from offhook.media.events import Played, Recorded, RecordEnd
from offhook.media.playback import Playback
from offhook.media.recording import Track
from offhook.media.session import MediaClosed, MediaFailed, Operation
from offhook.rcml.context import Capture, Captured, Sound
from offhook.rcml.download import Download
from offhook.rcml.errors import Code, VerbFailed
from offhook.rcml.keys import KeyBuffer
from offhook.speech.synthesizer import SpeechFailed, Synthesizer, Utterance
from offhook.vocabulary.sids import AccountSid, RecordingSid

RecordingUrls = Callable[[AccountSid, RecordingSid, str], str]
"""Where the REST API serves a recording: account, recording, API version."""


class CallSound:
    """The media port of one call."""

    def __init__(self, call: ScriptCall, keys: KeyBuffer, stream_limit: float) -> None:
        """``stream_limit``: seconds that one stream may be played."""
        self._call = call
        self._keys = keys
        self._stream_limit = stream_limit

    async def play(self, *sources: Sound, loop: int = 1, stop_on: str = "") -> None:
        """Play; the engine stops at keys in RTP by itself, at keys that come by signalling it is stopped."""
        downloads = {id(each): each for each in sources if isinstance(each, Download)}
        try:
            if downloads and (loop != 1 or len(sources) > len(set(map(id, sources)))):
                whole = {key: await download.whole() for key, download in downloads.items()}
                sources, downloads = tuple(whole.get(id(each), each) for each in sources), {}
            with _verb_failures(Code.MEDIA_FAILED):
                await self._play(sources, loop, stop_on)
        finally:
            for download in downloads.values():
                download.close()

    async def _play(self, sources: tuple[Sound, ...], loop: int, stop_on: str) -> None:
        media = self._call.media
        coming: list[tuple[Supplied, Download]] = []
        ready: list[AudioSource] = []
        for each in sources:
            if isinstance(each, Download):
                coming.append((media.supplied(name=each.name, stated=each.stated), each))
                ready.append(coming[-1][0])
            else:
                ready.append(each)
        playing = media.start_play(*ready, loop=loop, stop_on=stop_on)
        failures: list[Exception] = []
        async with asyncio.TaskGroup() as group:
            helping = [group.create_task(_supply(playing, supplied, each, failures)) for supplied, each in coming]
            if stop_on:
                helping.append(group.create_task(self._stop_at_key(playing, stop_on)))
            failure = await self._heard(playing, limited=bool(coming))
            for task in helping:
                task.cancel()
        for failed in (*failures, failure):
            if failed is not None:
                raise failed
        if playing.interrupted and media.closed:
            raise MediaClosed("the media session was closed")

    async def _heard(self, playing: Playback, *, limited: bool) -> Exception | None:
        """What became of it, as a value: raised inside a task group it would come out wrapped."""
        try:
            async with asyncio.timeout(self._stream_limit if limited else None):
                await playing.result()
        except MediaFailed as failure:
            return failure
        except TimeoutError:
            limit = f"a stream was played for {self._stream_limit:g} s, the limit (rcml.stream_limit)"
            return VerbFailed(limit, Code.AUDIO_UNAVAILABLE)
        return None

    async def _stop_at_key(self, playing: Operation[Played], keys: str) -> None:
        await self._keys.one_of(keys)
        playing.cancel()

    async def send_digits(self, digits: str) -> None:
        """Send keys to the caller."""
        with _verb_failures(Code.MEDIA_FAILED):
            await self._call.media.send_digits(digits)

    async def echo(self) -> None:
        """Bridge the caller with himself."""
        with _verb_failures(Code.MEDIA_FAILED):
            media = self._call.media
            await media.bridge(media)
            if media.closed:
                raise MediaClosed("the media session was closed")


class CallRecorder:
    """The recording port of one call: a row exists from the start, so that a crash loses no more than a second."""

    def __init__(self, call: ScriptCall, urls: RecordingUrls) -> None:
        self._call = call
        self._urls = urls
        self._last: Captured | None = None

    @property
    def last(self) -> Captured | None:
        """What came of the last recording, also when it was cancelled."""
        return self._last

    async def record(self, capture: Capture) -> Captured:
        """Record the caller; cancelled, it leaves ``last`` behind."""
        self._last = None
        order = RecordingOrder(
            source="RecordVerb",
            track=Track.INBOUND,
            max_length=capture.max_length,
            silence=capture.silence,
            finish_on=capture.finish_on,
            beep=capture.beep,
            trim=capture.trim,
            callback=capture.callback,
        )
        with _verb_failures(Code.RECORD_FAILED):
            recording = self._call.start_recording(order)
            recorded: Recorded | None = None
            try:
                recorded = await recording.result()
            except asyncio.CancelledError:
                if recording.over:
                    recorded = await recording.result()
                raise
            finally:
                self._last = self._captured(recording, recorded)
            return self._last

    def _captured(self, recording: LiveRecording, recorded: Recorded | None) -> Captured:
        """None: the engine lost it or never confirmed its end."""
        facts, duration = self._call.facts, recording.duration
        return Captured(
            sid=recording.sid if duration else None,
            url=self._urls(facts.account_sid, recording.sid, facts.api_version) if duration else "",
            duration=duration,
            key=None if recorded is None else recorded.key,
            hung_up=recorded is None or recorded.end is RecordEnd.CANCELLED,
        )


class SpokenText:
    """The speech port: whatever synthesizer, as PCM."""

    def __init__(self, synthesizer: Synthesizer) -> None:
        self._synthesizer = synthesizer

    async def say(self, text: str, *, language: str, voice: str) -> AudioSource:
        """Raises ``VerbFailed``."""
        try:
            speech = await self._synthesizer.synthesize(Utterance(text=text, language=language, voice=voice))
        except SpeechFailed as failure:
            raise VerbFailed(f"the text could not be spoken: {failure}", Code.SPEECH_FAILED) from failure
        return Pcm(data=speech.pcm, rate=speech.rate)


async def _supply(playing: Playback, supplied: Supplied, download: Download, failures: list[Exception]) -> None:
    """Hand over what comes; what was wrong with it is told when what came has been heard."""
    try:
        async with aclosing(download.pieces()) as pieces:
            await playing.supply(supplied.stream, pieces)
    except VerbFailed as failure:
        failures.append(failure)


@contextmanager
def _verb_failures(code: Code) -> Iterator[None]:
    """What the engine refuses fails the verb; a session that closed under it ends the call instead."""
    try:
        yield
    except MediaClosed:
        raise
    except MediaFailed as failure:
        raise VerbFailed(str(failure), code) from failure
