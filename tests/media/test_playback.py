"""What is supplied to a Play waits for room, and for nobody who is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from offhook.media.commands import SUPPLY_ROOM, Command, CommandId, Play, SessionId, SetGain, StreamId, Supplied, Supply
from offhook.media.events import Finished, Played, Wanted
from offhook.media.playback import Playback
from offhook.media.results import reader

STREAM = StreamId(7)


class Channel:
    cancel_timeout = reply_timeout = 1.0

    def __init__(self) -> None:
        self.sent: list[Command] = []

    def send(self, command: Command) -> None:
        self.sent.append(command)

    def supplied(self) -> int:
        return sum(len(command.data) for command in self.sent if isinstance(command, Supply))


def playback(channel: Channel) -> Playback:
    play = Play(id=CommandId(3), session=SessionId(1), sources=(Supplied(stream=STREAM),))
    return Playback(channel, play, reader(Played))


async def pieces(count: int, size: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield bytes(size)


def wanted(size: int) -> Wanted:
    return Wanted(command=CommandId(3), stream=STREAM, bytes=size)


def test_no_more_is_sent_than_there_is_room_for():
    async def main():
        channel = Channel()
        playing = playback(channel)
        async with asyncio.TaskGroup() as group:
            group.create_task(playing.supply(STREAM, pieces(5, 100_000)))
            await asyncio.sleep(0)
            assert SUPPLY_ROOM - 40_000 <= channel.supplied() <= SUPPLY_ROOM
            playing.hear(wanted(300_000))
        assert channel.supplied() == 500_000
        assert channel.sent[-1] == Supply(stream=STREAM, data=b"", last=True)

    asyncio.run(main())


def test_what_nobody_wants_any_more_is_not_read():
    async def main():
        channel = Channel()
        playing = playback(channel)
        async with asyncio.TaskGroup() as group:
            group.create_task(playing.supply(STREAM, pieces(1_000_000, 100_000)))
            await asyncio.sleep(0)
            playing.hear(wanted(0))
        assert not any(isinstance(command, Supply) and command.last for command in channel.sent)

    asyncio.run(main())


def test_it_ends_with_the_play():
    async def main():
        channel = Channel()
        playing = playback(channel)
        async with asyncio.TaskGroup() as group:
            group.create_task(playing.supply(STREAM, pieces(1_000_000, 100_000)))
            await asyncio.sleep(0)
            playing.end(Finished(command=CommandId(3), result=Played(duration=5)))
        assert (await playing.result()).duration == 5
        playing.set_gain(-3)
        assert not any(isinstance(command, SetGain) for command in channel.sent)

    asyncio.run(main())


def test_what_breaks_off_has_an_end_for_the_engine():
    async def broken() -> AsyncIterator[bytes]:
        yield b"abc"
        raise OSError("gone")

    async def main():
        channel = Channel()
        with pytest.raises(OSError, match="gone"):
            await playback(channel).supply(STREAM, broken())
        assert [command.data for command in channel.sent if isinstance(command, Supply)] == [b"abc", b""]

    asyncio.run(main())
