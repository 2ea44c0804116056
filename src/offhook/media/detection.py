"""What a ``Detect`` finds, as a stream: ``async with session.detect(...) as findings: async for finding in findings``."""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType
from typing import Self

from offhook.media.commands import CommandId
from offhook.media.events import AudioChunk, Detected, MarkReached, Meanwhile, Wanted
from offhook.media.operation import Channel, Ended, Operation

MOST_WAITING = 256
"""Findings that wait to be read; after that the oldest is dropped. A minute of talk has fewer."""


class Detection(Operation[None]):
    """Voices, silence and tones in what a session hears. The iteration ends with the session, or when it is stopped."""

    def __init__(self, channel: Channel, command: CommandId) -> None:
        super().__init__(channel, command, lambda _: None)
        self._found: deque[Detected] = deque(maxlen=MOST_WAITING)
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def __aiter__(self) -> Detection:
        return self

    async def __anext__(self) -> Detected:
        while not self._found:
            if self.ended:
                self.outcome()
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._found.popleft()

    def hear(self, event: Meanwhile) -> None:
        if not isinstance(event, AudioChunk | MarkReached | Wanted):
            self._found.append(event)
            self._news.set()

    def end(self, event: Ended) -> None:
        super().end(event)
        self._news.set()
