"""Two SIP nodes on the loopback interface, each with legs, switchboard and the media engine's twin."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from offhook.calls.leg import Destination, LegEnded, LegEvent, OutgoingLeg
from offhook.calls.legs.exchange import SipExchange
from offhook.calls.legs.line_up import line_up
from offhook.calls.settings import CallSettings
from offhook.calls.surroundings import Surroundings
from offhook.calls.switchboard import Switchboard
from offhook.media.fake import FakeEngine
from offhook.media.session import Sessions
from offhook.media.settings import MediaSettings
from offhook.security.settings import EgressSettings
from offhook.sip.asyncio.driver import SipDriver
from offhook.sip.settings import SipSettings
from offhook.sip.testing import counted_bits
from offhook.vocabulary.clock import FrozenClock
from offhook.vocabulary.sids import SidSource
from tests.calls.twins import DirectoryTwin, LogTwin, ScriptTwin


@dataclass(kw_only=True)
class Node:
    """One side."""

    board: Switchboard
    exchange: SipExchange
    driver: SipDriver
    engine: FakeEngine
    sessions: Sessions
    directory: DirectoryTwin
    log: LogTwin
    script: ScriptTwin

    def uri(self, user: str, transport: str = "udp") -> str:
        """How somebody here is dialled."""
        return f"sip:{user}@{self.driver.addresses[transport]};transport={transport}"


class Phone:
    """A leg that remembers what it was told."""

    def __init__(self, leg: OutgoingLeg) -> None:
        self.leg = leg
        self.events: list[LegEvent] = []
        leg.listen(self.events.append)

    @property
    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    @property
    def end(self) -> LegEnded:
        (end,) = [event for event in self.events if isinstance(event, LegEnded)]
        return end


def phone(node: Node, uri: str, **more: str) -> Phone:
    """A phone at ``node`` that is about to dial ``uri``."""
    return Phone(node.exchange.outgoing(Destination(uri=uri, from_user=more.pop("from_user", "+1555"), **more)))


async def until(condition: object, within: float = 5.0) -> None:
    """Let real time pass until ``condition()`` holds."""
    assert callable(condition)
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def node(
    seed: int, *, reaches: tuple[str, ...] = ("127.0.0.0/8",), media: MediaSettings | None = None, **sip: object
) -> AsyncIterator[Node]:
    engine = FakeEngine()
    sessions = Sessions(engine)
    directory, log, script = DirectoryTwin(), LogTwin(), ScriptTwin()
    settings = CallSettings()
    exchange, driver = line_up(
        sip=SipSettings(listen=("127.0.0.1", 0), **sip),
        media=media or MediaSettings(),
        calls=settings,
        domain="pbx.test",
        directory=directory,
        sessions=sessions,
        random_bits=counted_bits(seed),
        egress=EgressSettings(sip=reaches),
    )
    counter = itertools.count(seed * 1000)
    around = Surroundings(
        settings=settings,
        script=script,
        events=log,
        clock=FrozenClock(),
        sids=SidSource(now_ms=lambda: 0, random_bits=lambda _: next(counter)),
        recordings=lambda sid: f"/nowhere/{sid}.wav",
    )
    board = Switchboard(around, directory, exchange)
    exchange.connect(driver, board)
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(exchange.run()), tasks.create_task(board.run())]
        await asyncio.sleep(0)
        try:
            async with driver:
                yield Node(
                    board=board,
                    exchange=exchange,
                    driver=driver,
                    engine=engine,
                    sessions=sessions,
                    directory=directory,
                    log=log,
                    script=script,
                )
                await until(lambda: board.idle and exchange.idle and sessions.idle)
                assert engine.idle
        finally:
            for task in running:
                task.cancel()


@asynccontextmanager
async def two(
    *, reaches: tuple[str, ...] = ("127.0.0.0/8",), media: MediaSettings | None = None, **sip: object
) -> AsyncIterator[tuple[Node, Node]]:
    """``reaches`` are networks that tenants of the near one may ring, ``media`` its settings."""
    async with node(1, reaches=reaches, media=media) as near, node(2, **sip) as far:
        yield near, far
