"""The awaitable face of an engine: one ``MediaSession`` per leg, one future per command.

Cancelling the task that awaits a command sends ``Cancel`` for it: the one law that makes every verb cancellable.
"""

from __future__ import annotations

from typing import Protocol

from offhook.media.commands import AudioSource, Connect
from offhook.media.events import Opened, Played, Recorded, Statistics


class MediaFailed(Exception):
    """The engine refused or lost a command; the message is the engine's reason."""


class MediaSession(Protocol):
    """Audio of one leg."""

    async def open(self) -> Opened: ...

    async def connect(self, **parameters: object) -> None: ...

    async def play(self, *sources: AudioSource, loop: int = 1, stop_on: str = "") -> Played: ...

    async def record(self, path: str, **parameters: object) -> Recorded: ...

    async def send_digits(self, digits: str) -> None: ...

    async def close(self) -> Statistics: ...


__all__ = ["Connect", "MediaFailed", "MediaSession"]
