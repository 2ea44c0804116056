"""A ``Play`` under way: its sounds are supplied while it is heard, and its volume can be turned.

What is supplied waits here for room in the engine, so a server that sends faster than it is heard is slowed down.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final

from offhook.media.commands import SUPPLY_ROOM, Play, SetGain, StreamId, Supplied, Supply
from offhook.media.events import Meanwhile, Played, Result, Wanted
from offhook.media.operation import Channel, Ended, Operation

_PIECE: Final = 32_768
"""Bytes that cross to the engine at once."""


@dataclass(slots=True)
class _Room:
    left: int = SUPPLY_ROOM
    over: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)


class Playback(Operation[Played]):
    """One ``Play``. Each ``Supplied`` among its sources needs one ``supply``."""

    def __init__(self, channel: Channel, play: Play, read: Callable[[Result | None], Played]) -> None:
        super().__init__(channel, play.id, read)
        self._rooms = {source.stream: _Room() for source in play.sources if isinstance(source, Supplied)}

    async def supply(self, stream: StreamId, pieces: AsyncIterator[bytes]) -> None:
        """Hand over ``pieces`` as there is room, until they end, or nobody wants more. What they raise is raised; what came
        before that is heard to its end.
        """
        room = self._rooms[stream]
        try:
            async for piece in pieces:
                for at in range(0, len(piece), _PIECE):
                    part = piece[at : at + _PIECE]
                    if not await self._fits(room, len(part)):
                        return
                    self._channel.send(Supply(stream=stream, data=part))
        finally:
            if not (room.over or self.ended):
                self._channel.send(Supply(stream=stream, data=b"", last=True))

    def set_gain(self, gain: float) -> None:
        """So much louder from now on, in dB."""
        if not self.ended:
            self._channel.send(SetGain(target=self.id, gain=gain))

    async def _fits(self, room: _Room, size: int) -> bool:
        """Wait until there is room; False when no more is wanted."""
        while room.left < size and not room.over:
            room.news.clear()
            await room.news.wait()
        room.left -= size
        return not room.over

    def hear(self, event: Meanwhile) -> None:
        if not isinstance(event, Wanted):
            super().hear(event)
            return
        room = self._rooms[event.stream]
        room.left += event.bytes
        room.over = room.over or not event.bytes
        room.news.set()

    def end(self, event: Ended) -> None:
        super().end(event)
        for room in self._rooms.values():
            room.over = True
            room.news.set()
