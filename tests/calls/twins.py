"""Twins for tests of calls: far ends that a test moves by hand, a directory in a dict, an event log in a list."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from offhook.calls.directory import AccountPolicy, ClientEntry, NumberRoute
from offhook.calls.events import CallCreated, CallEnded, CallEvent, CallProgressed
from offhook.calls.leg import (
    Caller,
    Contact,
    Destination,
    DialogName,
    Invitation,
    Leg,
    LegAnswered,
    LegEnded,
    LegEvent,
    LegFailed,
    LegHeld,
    LegReferred,
    LegRinging,
)
from offhook.calls.legs.hunt import HuntingLeg
from offhook.calls.script import Application, HungUp, ScriptCall
from offhook.calls.settings import CallSettings
from offhook.calls.surroundings import Surroundings
from offhook.calls.switchboard import Switchboard
from offhook.calls.trunks.book import TrunkBook
from offhook.calls.trunks.live import Trunks
from offhook.calls.trunks.trunk import Gateway, Trunk, TrunkKey
from offhook.media.commands import Bridge, Cancel, Codec
from offhook.media.fake import FakeEngine
from offhook.media.session import MediaSession, Sessions
from offhook.vocabulary.sids import AccountSid, CallSid, ClientSid, NumberSid, SidSource
from tests.support import virtual_loop

APP = Application(url="http://app.test/")


class LegTwin:
    """A far end. Calls of ours land in ``said``; the test plays the far end with ``rings``, ``picks_up``, ``ends``."""

    def __init__(self, session: MediaSession, destination: Destination | None = None) -> None:
        self.destination = destination
        self.session = session
        self.said: list[str] = []
        self.headers: list[tuple[str, str]] = []
        self.ended = False
        self.failure: LegFailed | None = None
        self.refers_itself: int | None = None
        """What comes of the call that it is asked to make; None: it does not do such things."""
        self.behaviour: Callable[[LegTwin], None] = lambda _: None
        self.trunk: str | None = None
        self._listener: Callable[[LegEvent], None] = lambda _: None

    @property
    def media(self) -> MediaSession:
        return self.session

    @property
    def call_id(self) -> str | None:
        return f"twin-{self.session.id}"

    @property
    def call_ids(self) -> tuple[str, ...]:
        return (f"twin-{self.session.id}",)

    @property
    def dialog(self) -> DialogName | None:
        return DialogName(call_id=f"twin-{self.session.id}", our_tag="ours", their_tag="theirs")

    def includes(self, leg: Leg) -> bool:
        return leg is self

    def listen(self, listener: Callable[[LegEvent], None]) -> None:
        self._listener = listener

    def label(self, headers: Sequence[tuple[str, str]]) -> None:
        self.headers += headers

    def ring(self) -> None:
        self.said.append("180")

    async def invite(self) -> None:
        if self.failure is not None:
            raise self.failure
        await self._open()
        if not self.ended:
            self.said.append("INVITE")
            self.behaviour(self)

    async def progress(self) -> None:
        if self.failure is not None:
            raise self.failure
        if "183" not in self.said:
            await self._open()
            self.said.append("183")

    async def answer(self) -> None:
        if self.failure is not None:
            raise self.failure
        if self.session.local is None:
            await self._open()
        if not self.ended:
            self.said.append("200")
            self.tell(LegAnswered())

    def refuse(self, sip_code: int, reason: str) -> None:
        if not self.ended:
            self.said.append(str(sip_code))
            self._end(LegEnded(by_far_end=False, sip_code=sip_code, reason=reason))

    def drop(self, reason: str = "") -> None:
        if not self.ended:
            self.said.append("drop")
            self._end(LegEnded(by_far_end=False, reason=reason))

    def leave(self, reason: str = "") -> None:
        self.said.append("leave")

    async def transfer(self, uri: str, referred_by: str | None) -> int | None:
        if self.refers_itself is not None:
            self.said.append(f"REFER {uri}")
        return self.refers_itself

    async def closed(self) -> None:
        await self.session.close()

    def tell(self, event: LegEvent) -> None:
        self._listener(event)

    def rings(self) -> None:
        self.tell(LegRinging())

    async def speaks(self) -> None:
        """Early media."""
        self.tell(LegRinging(early_media=True))
        await virtual_loop.settle()

    def picks_up(self) -> None:
        self.tell(LegAnswered(headers={"X-Desk": "7"}))

    def holds(self, held: bool = True) -> None:
        self.tell(LegHeld(held=held))

    def refers(self, user: str, **more: object) -> ReferralTwin:
        """It asks that the other side talks to ``user``."""
        referral = ReferralTwin(user, **more)  # type: ignore[arg-type]
        self.tell(LegReferred(referral=referral))
        return referral

    def ends(self, sip_code: int | None = None, reason: str = "") -> None:
        """The far end hangs up, cancels or refuses."""
        if not self.ended:
            self._end(LegEnded(by_far_end=True, sip_code=sip_code, reason=reason))

    def _end(self, event: LegEnded) -> None:
        self.ended = True
        self.session.start_close()
        self.tell(event)

    async def _open(self) -> None:
        if not self.ended:
            await self.session.open("127.0.0.1")
        if not self.ended:
            await self.session.connect(
                remote=("127.0.0.1", 4000), codec=Codec.PCMU, payload_type=0, dtmf_payload_type=101
            )


class ReferralTwin:
    """A transfer that a far end asks for; ``told`` is what it learnt."""

    def __init__(
        self,
        user: str,
        *,
        replaces: DialogName | None = None,
        referred_by: str | None = None,
        client: ClientEntry | None = None,
    ) -> None:
        self.user = user
        self.domain = "pbx.test"
        self.replaces = replaces
        self.referred_by = referred_by
        self.client = client
        self.told: list[int] = []

    def accept(self) -> None:
        self.told.append(202)

    def refuse(self, sip_code: int) -> None:
        self.told.append(sip_code)

    def tell(self, sip_code: int) -> None:
        if not any(200 <= code != 202 for code in self.told):
            self.told.append(sip_code)


@dataclass(kw_only=True)
class World:
    """A switchboard among twins."""

    board: Switchboard
    engine: FakeEngine
    sessions: Sessions
    directory: DirectoryTwin
    exchange: ExchangeTwin
    log: LogTwin
    script: ScriptTwin

    def call_in(
        self,
        to: str = "1000",
        *,
        client: ClientEntry | None = None,
        sender: str = "+1555",
        replaces: DialogName | None = None,
        trunks: tuple[Trunk, ...] = (),
        alias: str = "",
        challenge: Callable[[], None] | None = None,
        occupy: Callable[[Trunk], str] = lambda _: "",
    ) -> LegTwin:
        """Somebody calls."""
        leg = LegTwin(self.sessions.create())
        self.exchange.legs.append(leg)

        async def admit() -> Invitation | None:
            return Invitation(
                leg=leg,
                to_user=to,
                to_domain="pbx.test",
                from_user=sender,
                from_domain="far.test",
                client=client,
                replaces=replaces,
                source_ip="192.0.2.7",
                trunks=trunks,
                to_alias=alias,
                challenge=challenge,
                occupy=occupy,
            )

        self.board.receive(leg, admit)
        return leg

    @property
    def far(self) -> list[LegTwin]:
        """Far ends that were made, oldest first."""
        return self.exchange.made

    def statuses(self, sid: CallSid | str) -> list[str]:
        """What was published about a call, in order."""
        return [
            event.call.status.value
            for event in self.log.events
            if isinstance(event, CallCreated | CallProgressed | CallEnded) and event.call.sid == sid
        ]

    def bridges(self) -> set[frozenset[int]]:
        """Media sessions that hear each other now, in pairs."""
        cancelled = {command.target for command in self.engine.commands if isinstance(command, Cancel)}
        open_now = set(self.engine.sessions)
        return {
            frozenset({command.a, command.b})
            for command in self.engine.commands
            if isinstance(command, Bridge) and command.id not in cancelled and {command.a, command.b} <= open_now
        }

    def ended(self) -> list[CallEnded]:
        return [event for event in self.log.events if isinstance(event, CallEnded)]


class DirectoryTwin:
    def __init__(self) -> None:
        self.numbers: dict[str, NumberRoute] = {
            "1000": NumberRoute(
                account_sid=AccountSid("AC1"),
                number_sid=NumberSid("PN1"),
                application_sid=None,
                api_version="2012-04-24",
                application=APP,
            )
        }
        self.clients: dict[str, ClientEntry] = {
            login: ClientEntry(
                account_sid=AccountSid("AC1"), client_sid=ClientSid(f"CL-{login}"), login=login, domain="pbx.test"
            )
            for login in ("alice", "bob")
        }
        self.policies: dict[AccountSid, AccountPolicy] = {}
        self.delay = 0.0
        self.asked: list[str] = []
        """Clients that were looked for."""

    async def number(self, dialled: str, domain: str | None = None) -> NumberRoute | None:
        await asyncio.sleep(self.delay)
        return self.numbers.get(dialled.removeprefix("+"))

    async def policy(self, account_sid: AccountSid) -> AccountPolicy:
        await asyncio.sleep(self.delay)
        return self.policies.get(account_sid, AccountPolicy(domain="pbx.test"))

    async def client(self, login: str, domain: str | None = None) -> ClientEntry | None:
        self.asked.append(login)
        await asyncio.sleep(self.delay)
        return self.clients.get(login)

    async def domain(self, host: str | None = None) -> str | None:
        await asyncio.sleep(self.delay)
        return "pbx.test"

    async def lineage(self, account_sid: AccountSid) -> Sequence[AccountSid]:
        await asyncio.sleep(self.delay)
        return (account_sid,)


class ExchangeTwin:
    """Makes twins; ``devices`` says where clients are registered, ``behaviour`` what a far end does when invited."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.made: list[LegTwin] = []
        self.legs: list[LegTwin] = []
        """Those and the callers, as far as they have dialogs."""
        self.devices: dict[str, list[str]] = {"alice": ["sip:alice@desk"]}
        self.trunks = Trunks(now=asyncio.get_running_loop().time, random_bits=lambda _: 0)
        self.spawn: Callable[[Coroutine[Any, Any, None]], None] = lambda work: work.close()
        self.behaviour: Callable[[LegTwin], None] = lambda _: None
        self.failure: LegFailed | None = None

    def outgoing(self, destination: Destination) -> LegTwin:
        leg = LegTwin(self._sessions.create(), destination)
        leg.behaviour, leg.failure = self.behaviour, self.failure
        self.made.append(leg)
        self.legs.append(leg)
        return leg

    def find(self, dialog: DialogName) -> Leg | None:
        named = replace(dialog, early_only=False)
        return next((leg for leg in self.legs if not leg.ended and leg.dialog == named), None)

    def contacts(self, login: str, domain: str) -> Sequence[Contact]:
        return [Contact(uri=uri) for uri in self.devices.get(login, [])]

    def hunting(self, destinations: Sequence[Destination]) -> HuntingLeg:
        return HuntingLeg(destinations, self.outgoing, self.spawn)

    def ways(
        self, number: str, caller: Caller, lineage: Sequence[AccountSid], headers: Sequence[tuple[str, str]]
    ) -> tuple[Destination, ...]:
        return self.trunks.ways(number, caller, lineage, headers)

    def guards(self, lineage: Sequence[AccountSid]) -> bool:
        return self.trunks.recognizer.guards(lineage)

    def leads_to(self, *hosts: str) -> None:
        """One trunk with these gateways, the first of them first."""
        gateways = tuple(Gateway(uri=f"sip:{host}", priority=index) for index, host in enumerate(hosts))
        trunk = Trunk(key=TrunkKey("T"), name="carrier", gateways=gateways, username="trunk", password="x")
        self.trunks.replace(TrunkBook.of([trunk]))


class LogTwin:
    """Remembers; ``delay`` is how long it takes to make things durable."""

    def __init__(self) -> None:
        self.events: list[CallEvent] = []
        self.durable = 0
        self.delay = 0.0

    def publish(self, event: CallEvent) -> None:
        self.events.append(event)

    async def settled(self) -> None:
        upto = len(self.events)
        await asyncio.sleep(self.delay)
        self.durable = max(self.durable, upto)


Work = Callable[[ScriptCall], Awaitable[None]]


async def answer_and_wait(call: ScriptCall) -> None:
    """Answer, then nothing until the call is over."""
    await call.answer()
    while not isinstance(await call.interruption(), HungUp):
        pass


class ScriptTwin:
    """Runs the work that a test gives, and remembers which calls it ran."""

    def __init__(self) -> None:
        self.work: Work = answer_and_wait
        self.calls: list[ScriptCall] = []
        self.under_way = 0

    async def run(self, call: ScriptCall) -> None:
        self.calls.append(call)
        self.under_way += 1
        try:
            await self.work(call)
        finally:
            self.under_way -= 1


@asynccontextmanager
async def world(settings: CallSettings | None = None, recordings: str = "/nowhere") -> AsyncIterator[World]:
    """A switchboard at work; afterwards nothing may be left of any call."""
    engine = FakeEngine()
    sessions = Sessions(engine)
    exchange, directory, log, script = ExchangeTwin(sessions), DirectoryTwin(), LogTwin(), ScriptTwin()
    counter = itertools.count(1)
    around = Surroundings(
        settings=settings or CallSettings(),
        script=script,
        events=log,
        clock=virtual_loop.VirtualClock(),
        sids=SidSource(now_ms=lambda: 0, random_bits=lambda _: next(counter)),
        recordings=lambda sid: f"{recordings}/{sid}.wav",
    )
    board = Switchboard(around, directory, exchange, node="n1")
    async with asyncio.TaskGroup() as tasks:
        exchange.spawn = tasks.create_task
        running = tasks.create_task(board.run())
        await virtual_loop.settle()
        yield World(
            board=board,
            engine=engine,
            sessions=sessions,
            directory=directory,
            exchange=exchange,
            log=log,
            script=script,
        )
        await virtual_loop.until(lambda: board.idle, within=120)
        assert board.presence.idle, "a client is still thought to be in a call"
        assert script.under_way == 0, "a script was left behind"
        assert sessions.idle, "a media session or command was left behind"
        assert engine.idle, "the engine still works"
        running.cancel()


__all__ = ["APP", "LegTwin", "World", "answer_and_wait", "world"]
