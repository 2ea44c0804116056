"""Callers whose application dials somebody, for tests of what happens to two who talk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from offhook.calls.dialing import DialOutcome, DialRecording, DialRequest, DialTarget, SipTarget
from offhook.calls.directory import ClientEntry
from offhook.calls.script import Application, HungUp, Redirected, ScriptCall
from offhook.calls.settings import CallSettings
from tests.calls.twins import LegTwin, World, world
from tests.support.virtual_loop import settle

DESK = SipTarget(uri="sip:desk@one.test")


class Talk:
    """A caller whose application dialled somebody, and both talk."""

    def __init__(self, w: World, target: DialTarget, record: DialRecording = DialRecording.NO) -> None:
        self.w = w
        self.target = target
        self.record = record
        self.outcome: DialOutcome | None = None
        self.went_on = False
        """Whether the caller's application went on after its dial."""
        self.applications: list[Application] = []
        self.caller: LegTwin
        self.desk: LegTwin

    async def script(self, call: ScriptCall) -> None:
        """As the interpreter does: a verb is raced against the interruption and cancelled by it."""
        self.applications.append(call.application)
        await call.answer()
        work = self._dial(call) if len(self.applications) == 1 else asyncio.sleep(1_000)
        async with asyncio.TaskGroup() as tasks:
            verb, watch = tasks.create_task(work), tasks.create_task(call.interruption())
            await asyncio.wait({verb, watch}, return_when=asyncio.FIRST_COMPLETED)
            verb.cancel()
            if not watch.done():
                watch.cancel()
        if not watch.cancelled() and isinstance(watch.result(), Redirected):
            await self.script(call)
        elif watch.cancelled() or not isinstance(watch.result(), HungUp):
            await call.hangup()

    async def _dial(self, call: ScriptCall) -> None:
        self.outcome = await call.dial(DialRequest(targets=(self.target,), timeout=20.0, record=self.record))
        self.went_on = not self.caller.ended
        await asyncio.sleep(1_000)

    def linked(self, one: LegTwin, other: LegTwin) -> bool:
        return self.w.bridges() == {frozenset({one.media.id, other.media.id})}

    @property
    def target_leg(self) -> LegTwin:
        return self.w.far[-1]

    async def begin(self, client: ClientEntry | None = None) -> None:
        """The caller calls, the desk answers."""
        await self.ring(client)
        self.desk.picks_up()
        await settle(50)
        assert frozenset({self.caller.media.id, self.desk.media.id}) in self.w.bridges()

    async def ring(self, client: ClientEntry | None = None) -> None:
        """The caller calls, the desk rings."""
        self.w.script.work = self.script
        before = len(self.w.far)
        self.caller = self.w.call_in(client=client)
        await settle(50)
        self.desk = self.w.far[before]


@asynccontextmanager
async def phones(settings: CallSettings | None = None, recordings: str = "/nowhere") -> AsyncIterator[World]:
    """A world in which alice and bob are registered, and everybody hangs up in the end."""
    async with world(settings, recordings) as w:
        w.exchange.devices["bob"] = ["sip:bob@desk"]
        yield w
        for leg in w.exchange.legs:
            leg.ends()
        await settle(50)


@asynccontextmanager
async def talk(
    target: DialTarget = DESK, settings: CallSettings | None = None, recordings: str | None = None
) -> AsyncIterator[Talk]:
    """A caller and a desk who talk, recorded where there is a folder for ``recordings``."""
    async with phones(settings, recordings or "/nowhere") as w:
        t = Talk(w, target, DialRecording.NO if recordings is None else DialRecording.DUAL)
        await t.begin()
        yield t
