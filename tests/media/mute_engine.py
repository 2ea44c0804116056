"""An engine that opens, connects and closes, and otherwise answers only when the test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from offhook.media.commands import CloseSession, Codec, Command, Connect, OpenSession
from offhook.media.events import Closed, Done, Event, Finished, Opened, Statistics
from offhook.media.session import MediaSession, Sessions

CommandT = TypeVar("CommandT")


class MuteEngine:
    """``mute`` keeps it from answering even those."""

    def __init__(self) -> None:
        self.sent: list[Command] = []
        self.mute = False
        self.closed = False
        self._listener: Callable[[Sequence[Event]], None] = lambda _: None

    def send(self, command: Command) -> None:
        self.sent.append(command)
        if self.mute:
            return
        match command:
            case OpenSession():
                self.say(Finished(command=command.id, result=Opened(host="127.0.0.1", port=20_000)))
            case Connect():
                self.say(Finished(command=command.id, result=Done()))
            case CloseSession():
                self.say(Finished(command=command.id, result=Closed(statistics=Statistics(packets_sent=7))))
            case _:
                pass

    def say(self, *events: Event) -> None:
        """Report, in the loop's next round."""
        asyncio.get_running_loop().call_soon(self._listener, events)

    def listen(self, listener: Callable[[Sequence[Event]], None]) -> None:
        self._listener = listener

    async def close(self) -> None:
        self.closed = True

    def last(self, kind: type[CommandT]) -> CommandT:
        """The latest command of a kind."""
        return next(command for command in reversed(self.sent) if isinstance(command, kind))


async def opened(sessions: Sessions) -> MediaSession:
    """A session that is open and connected."""
    session = sessions.create()
    await session.open("127.0.0.1")
    await session.connect(remote=("127.0.0.1", 40_000), codec=Codec.PCMU, payload_type=0)
    return session
