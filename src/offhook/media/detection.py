"""What a ``Detect`` finds, as a stream: ``async with session.detect(...) as findings: async for finding in findings``."""

from __future__ import annotations

from collections import deque

from offhook.media.commands import CommandId
from offhook.media.events import AudioChunk, Detected, MarkReached, Meanwhile, Wanted
from offhook.media.operation import Channel, Listening

MOST_WAITING = 256
"""Findings that wait to be read; after that the oldest is dropped. A minute of talk has fewer."""


class Detection(Listening[Detected]):
    """Voices, silence and tones in what a session hears."""

    def __init__(self, channel: Channel, command: CommandId) -> None:
        super().__init__(channel, command)
        self._waiting = deque(maxlen=MOST_WAITING)

    def hear(self, event: Meanwhile) -> None:
        if not isinstance(event, AudioChunk | MarkReached | Wanted):
            self._waiting.append(event)
            self._news.set()
