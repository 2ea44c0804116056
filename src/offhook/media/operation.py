"""One command under way in a media engine: its end, awaited by whoever cares, and its cancellation.

``session`` starts operations; the streams among them are ``Injection`` (towards the far end) and ``AudioTap`` (from it).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar, assert_never

import structlog

from offhook.media.commands import Cancel, Command, CommandId, InjectAudio, InjectClear, InjectMark
from offhook.media.events import (
    AudioChunk,
    Cancelled,
    Failed,
    Finished,
    MarkReached,
    Meanwhile,
    Played,
    Recorded,
    Result,
)
from offhook.media.recording import PauseBehavior, PauseRecording, ResumeRecording

log = structlog.get_logger(__name__)

LONGEST_MARK = 256
"""Characters of a mark's name."""

R = TypeVar("R")
T = TypeVar("T")
Ended = Finished | Failed | Cancelled


class MediaFailed(Exception):
    """The engine refused or lost a command; the message is the engine's reason."""


class MediaClosed(MediaFailed):
    """The session was closed, before the command or under it: the leg is gone, and nothing went wrong."""


class Channel(Protocol):
    """What an operation needs of the side that started it."""

    @property
    def cancel_timeout(self) -> float:
        """Seconds that a cancelled task waits for its command's end."""
        ...

    @property
    def reply_timeout(self) -> float:
        """Seconds within which the engine answers what needs no time."""
        ...

    def send(self, command: Command) -> None:
        """Pass on a command that has no end of its own."""
        ...


class Operation(Generic[R]):
    """One command under way. Its outcome can be read any number of times, also after the session has closed."""

    def __init__(
        self,
        channel: Channel,
        command: CommandId,
        read: Callable[[Result | None], R],
        on_end: Callable[[Ended], None] | None = None,
    ) -> None:
        self.id = command
        self._channel = channel
        self._read = read
        self._on_end = on_end
        self._end: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._cancelling = False

    @property
    def ended(self) -> bool:
        """Whether the engine has reported its end."""
        return self._end.done()

    @property
    def interrupted(self) -> bool:
        """Whether it was stopped, by ``cancel`` or because its session closed."""
        return self._end.done() and isinstance(self._end.result(), Cancelled)

    async def result(self) -> R:
        """Wait until it ends, by itself or interrupted; an interrupted one tells how far it got.

        Cancelling the waiting task stops the operation: the cancellation goes on once the engine has confirmed it, or
        after ``cancel_timeout``. Call ``result`` again to read what was achieved. Raises ``MediaFailed``.
        """
        if not self._end.done():
            try:
                await asyncio.shield(self._end)
            except asyncio.CancelledError:
                self.cancel()
                await asyncio.wait({self._end}, timeout=self._channel.cancel_timeout)
                if not self._end.done():
                    log.warning("media_command_did_not_stop", command=self.id)
                raise
        return self.outcome()

    async def stop(self) -> R:
        """Cancel it unless it has ended, and tell how far it got."""
        self.cancel()
        return await self.within(self._channel.reply_timeout)

    def cancel(self) -> None:
        """Tell the engine to stop it at once; does nothing when it has ended or is being stopped."""
        if not (self._cancelling or self._end.done()):
            self._cancelling = True
            self._channel.send(Cancel(target=self.id))

    async def within(self, seconds: float) -> R:
        """Wait no longer than ``seconds``, and let it run on when the waiting task is cancelled."""
        if not self._end.done():
            await asyncio.wait({self._end}, timeout=seconds)
            if not self._end.done():
                raise MediaFailed(f"the media engine did not answer within {seconds:g} s")
        return self.outcome()

    def when_ended(self, tell: Callable[[], None]) -> None:
        """Call ``tell`` on the loop once the engine has reported the end."""
        self._end.add_done_callback(lambda _: tell())

    def outcome(self) -> R:
        """What came of it; only after its end. Raises ``MediaFailed``."""
        match self._end.result():
            case Finished(result=result) | Cancelled(result=result):
                return self._read(result)
            case Failed(reason=reason):
                raise MediaFailed(reason)
            case never:
                assert_never(never)

    def end(self, event: Ended) -> None:
        """Take what the engine reports: once."""
        on_end, self._on_end = self._on_end, None  # what it holds often holds this operation
        if on_end is not None:
            on_end(event)
        self._end.set_result(event)

    def hear(self, event: Meanwhile) -> None:
        """Take what comes meanwhile; only streams expect it."""
        log.error("media_event_without_stream", command=self.id)


class Taping(Operation[Recorded]):
    """A recording under way."""

    def pause(self, behavior: PauseBehavior) -> None:
        """Pause it at once, or change what a pause does; without effect when it has ended."""
        if not self._end.done():
            self._channel.send(PauseRecording(recording=self.id, behavior=behavior))

    def resume(self) -> None:
        """Let it go on."""
        if not self._end.done():
            self._channel.send(ResumeRecording(recording=self.id))


class Injection(Operation[Played]):
    """An open stream of audio towards the far end."""

    on_mark: Callable[[MarkReached], None] | None = None
    """Told of each mark that is reached, or cleared, on the loop."""

    def feed(self, pcm: bytes) -> None:
        """Append samples, 16-bit little-endian mono at the stream's rate; beyond the backlog the stream fails."""
        if not self._end.done():
            self._channel.send(InjectAudio(stream=self.id, data=pcm))

    def mark(self, name: str) -> None:
        """Have ``on_mark`` told when all that was fed so far has been sent. At most 1024 marks wait, with names up to 256."""
        if len(name) > LONGEST_MARK:
            raise ValueError(f"a mark's name has at most {LONGEST_MARK} characters, not {len(name)}")
        if not self._end.done():
            self._channel.send(InjectMark(stream=self.id, name=name))

    def clear(self) -> None:
        """Drop what waits; its marks are told as cleared, and the stream goes on."""
        if not self._end.done():
            self._channel.send(InjectClear(stream=self.id))

    def hear(self, event: Meanwhile) -> None:
        if isinstance(event, MarkReached) and self.on_mark is not None:
            self.on_mark(event)

    def finish(self) -> None:
        """Say that nothing follows: the stream ends when all of it was sent."""
        if not self._end.done():
            self._channel.send(InjectAudio(stream=self.id, data=b"", last=True))


class Listening(Operation[None], Generic[T]):
    """What comes out of a session, to be iterated over. The iteration ends with the session, or when it is stopped.

    Whoever hears appends to ``_waiting``, within a bound of his own, and sets ``_news``.
    """

    def __init__(self, channel: Channel, command: CommandId) -> None:
        super().__init__(channel, command, lambda _: None)
        self._waiting: deque[T] = deque()
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while not self._waiting:
            if self.ended:
                self.outcome()
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()

    def end(self, event: Ended) -> None:
        super().end(event)
        self._news.set()


class AudioTap(Listening[AudioChunk]):
    """What a session hears, as chunks: ``async with session.tap() as chunks: async for chunk in chunks``.

    At most ``backlog`` chunks wait to be read; after that the oldest is dropped, and counted in the ``dropped`` of the chunk
    that follows it.
    """

    def __init__(self, channel: Channel, command: CommandId, backlog: int) -> None:
        super().__init__(channel, command)
        self._backlog = backlog
        self._dropped = 0

    async def __anext__(self) -> AudioChunk:
        chunk = await super().__anext__()
        if self._dropped:
            chunk = replace(chunk, dropped=chunk.dropped + self._dropped)
            self._dropped = 0
        return chunk

    def hear(self, event: Meanwhile) -> None:
        if isinstance(event, AudioChunk):
            self._waiting.append(event)
        while len(self._waiting) > self._backlog:
            self._dropped += 1 + self._waiting.popleft().dropped
        self._news.set()
