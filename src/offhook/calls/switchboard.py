"""The switchboard: owns every live call of the node, starts them, and lets the API steer them.

What runs on a call is the ``Script``'s business, who is on the line the legs'; where calls go is told by ``routing``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import structlog

from offhook.calls.active import ActiveCall
from offhook.calls.allowance import Allowance, Allowances
from offhook.calls.arrival import Arrival
from offhook.calls.call import Call, Input
from offhook.calls.capacity import Capacity
from offhook.calls.conferences.conferences import Conferences
from offhook.calls.contained import contained
from offhook.calls.control import CallOrder, CallRefused
from offhook.calls.dial import Dialling
from offhook.calls.dialing import DialOutcome, DialRequest, DialTarget, NumberTarget
from offhook.calls.directory import Directory
from offhook.calls.errors import Unroutable
from offhook.calls.events import CallFacts
from offhook.calls.leg import (
    Caller,
    Destination,
    DialogName,
    Exchange,
    Invitation,
    Leg,
    LegFailed,
    OutgoingLeg,
    Referral,
)
from offhook.calls.legs.fork import ForkedLeg, by_device
from offhook.calls.presence import Presence
from offhook.calls.recordings import RecordingDesk
from offhook.calls.replacing import Replacing, check
from offhook.calls.routing import Route, Routing, caller_of, shown, target_of
from offhook.calls.script import Application
from offhook.calls.surroundings import Plan, Surroundings
from offhook.calls.transfer import Transfers
from offhook.media.events import Statistics
from offhook.vocabulary.sids import AccountSid, CallSid
from offhook.vocabulary.statuses import CallStatus, Direction

log = structlog.get_logger(__name__)

Admit = Callable[[], Awaitable[Invitation | None]]
"""Checks who calls; None when the caller was challenged or refused."""

NOT_IN_PROGRESS = 21220
NOT_ALLOWED_NOW = 20503


class Switchboard:
    """Implements ``CallControl`` for the API and ``Ringer`` for dials. Works while ``run`` runs."""

    def __init__(self, around: Surroundings, directory: Directory, exchange: Exchange, *, node: str = "") -> None:
        self._around = around
        self._settings = around.settings
        self._exchange = exchange
        self._routing = Routing(directory, exchange, around.settings)
        self._dialling = Dialling(self, around)
        self.conferences = Conferences(around, self.spawn)
        self._capacity = Capacity()
        self._allowances = Allowances(directory, around.settings)
        self._transfers = Transfers(self, self._routing, around)
        self._replacing = Replacing(self._dialling, around)
        self.presence = Presence()
        self._node = node
        self._live: dict[CallSid, ActiveCall] = {}
        self.recordings = RecordingDesk(self._live.get)
        self._arriving = 0
        self._tasks: asyncio.TaskGroup | None = None
        self._draining = False
        self._empty = asyncio.Event()
        self._empty.set()

    async def run(self) -> None:
        """Own the tasks of all calls until cancelled; then every call ends as failed."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                self._draining = True

    @property
    def idle(self) -> bool:
        """Whether no call is left, not even one that is being closed."""
        return not self._live and not self._capacity and self._arriving == 0

    def __len__(self) -> int:
        return len(self._live)

    def sizes(self) -> dict[str, int]:
        """What must be zero when nobody calls."""
        return {"calls": len(self._live), "conferences": len(self.conferences)}

    async def drain(self, limit: float) -> None:
        """Take no more calls, let those in being finish for ``limit`` seconds, then hang them up."""
        self._draining = True
        log.info("draining", calls=len(self._live), limit=limit)
        if await self._emptied(limit):
            return
        for call in list(self._live.values()):
            call.drop(Input.HANG_UP, "the server is shutting down")
        await self._emptied(self._settings.hangup_timeout + self._settings.script_grace)

    async def _emptied(self, timeout: float) -> bool:
        try:
            async with asyncio.timeout(timeout):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True

    # Calls that come in

    def receive(self, leg: Leg, admit: Admit) -> None:
        """Take a call that came in; ``admit`` says who calls. Returns at once."""
        if self._tasks is None or self._draining:
            leg.refuse(503, "the server is shutting down")
        elif len(self._live) + self._arriving >= self._settings.max_concurrent:
            leg.refuse(503, "too many calls")
        else:
            self._arriving += 1
            self._empty.clear()
            self._tasks.create_task(self._arrive(leg, admit), name="incoming call")

    async def _arrive(self, leg: Leg, admit: Admit) -> None:
        arrival = Arrival(leg)
        call = None
        try:
            invitation = await admit()
            if invitation is not None and not arrival.over:
                call = await self._admitted(invitation, arrival)
        except Unroutable as failure:
            log.info("call_refused", sip_code=failure.sip_code, reason=str(failure), call_id=leg.call_id)
            leg.refuse(failure.sip_code, str(failure))
        except Exception:
            log.exception("routing_broke")
            leg.refuse(500, "internal error")
        finally:
            self._arriving -= 1
            if call is None:
                leg.drop()
                self._look_whether_empty()
        if call is not None:
            await self._run(call)

    async def _admitted(self, invitation: Invitation, arrival: Arrival) -> ActiveCall | None:
        if invitation.replaces is not None:
            replaced = check(invitation, invitation.replaces, self.find(invitation.replaces))
            facts = replaced.facts
            route = Route(account_sid=facts.account_sid, application=None, api_version=facts.api_version)
            call = self._incoming(invitation, route)
            self.spawn(self._replacing.replace(replaced, call), f"replacing of {facts.sid}")
            return call
        found = await self._routing.arriving(invitation)
        if found is None:
            return None
        allowance = await self._allowances.of(found.account_sid)
        if arrival.over:
            return None
        self._check_capacity(found.account_sid, allowance, outgoing=False)
        return self._incoming(invitation, found)

    def _incoming(self, invitation: Invitation, route: Route) -> ActiveCall:
        client = invitation.client
        facts = CallFacts(
            sid=self._sid(),
            account_sid=route.account_sid,
            number_sid=route.number_sid,
            application_sid=route.application_sid,
            api_version=route.api_version,
            direction=Direction.INBOUND,
            # Only a client that proved itself reads ``client:…``; no user part may spell that with an escaped colon.
            from_=f"client:{client.login}"
            if client is not None
            else (route.from_user or invitation.from_user).replace(":", "%3A"),
            to=route.to_user or invitation.to_user,
            caller_name=invitation.from_name or None,
            forwarded_from=invitation.forwarded_from,
            created_at=self._around.clock.utc(),
            sip_call_id=invitation.sip_call_id,
            sip_headers=invitation.headers,
            sip_domain=invitation.to_domain or None,
            trunk_sid=route.trunk,
            source_ip=invitation.source_ip,
            status_callback=route.status_callback,
            node=self._node,
        )
        plan = Plan(application=route.application, time_limit=self._settings.max_duration, client=client)
        return self._register(facts, invitation.leg, plan)

    # Calls that go out

    async def place(self, order: CallOrder) -> CallFacts:
        if self._tasks is None or self._draining or len(self._live) + self._arriving >= self._settings.max_concurrent:
            raise CallRefused(NOT_ALLOWED_NOW, "The server takes no more calls at present.")
        target = target_of(order.to, username=order.sip_username, password=order.sip_password)
        try:
            allowance = await self._allowances.of(order.account_sid)
            destinations = await self._routing.outgoing(
                target, caller_of(order.from_), account_sid=order.account_sid, allowance=allowance
            )
            self._check_capacity(order.account_sid, allowance, outgoing=True)
            leg = self._leg_to(target, destinations)
        except Unroutable as failure:
            raise CallRefused(failure.code, str(failure)) from failure
        facts = CallFacts(
            sid=self._sid(),
            account_sid=order.account_sid,
            application_sid=order.application_sid,
            api_version=order.api_version,
            direction=Direction.OUTBOUND_API,
            from_=order.from_,
            to=shown(target),
            created_at=self._around.clock.utc(),
            status_callback=order.status_callback,
            node=self._node,
        )
        call = self._register(facts, leg, order.plan)
        try:
            async with asyncio.timeout(self._settings.durable_timeout):
                await self._around.events.settled()
        except TimeoutError:
            self._start(call)
            call.drop(Input.FAIL, "the record of the call could not be stored in time")
            raise CallRefused(NOT_ALLOWED_NOW, "The call could not be stored in time; try again.") from None
        except asyncio.CancelledError:
            self._start(call)
            call.drop(Input.CANCEL, "the order was withdrawn")
            raise
        self._start(call)
        return facts

    async def callable(self, number: str, account_sid: AccountSid) -> str:
        try:
            return self._routing.callable(number, await self._allowances.of(account_sid))
        except Unroutable as failure:
            raise CallRefused(failure.code, str(failure)) from failure

    async def ring(self, caller: ActiveCall, target: DialTarget, request: DialRequest) -> ActiveCall:
        if self._tasks is None or self._draining or len(self._live) + self._arriving >= self._settings.max_concurrent:
            raise Unroutable("the server takes no more calls at present", sip_code=503)
        of = caller.facts
        shows = request.caller_id or of.from_
        identity = caller_of(shows)
        name = "" if request.caller_id else of.caller_name or ""
        allowance = await self._allowances.of(of.account_sid)
        domain = request.domain or allowance.domain
        client = await self._routing.rung_client(target, domain)
        destinations = await self._routing.outgoing(
            target,
            Caller(user=identity.user, name=name, domain=identity.domain),
            account_sid=of.account_sid,
            allowance=allowance,
            domain=domain,
            headers=request.headers,
        )
        self._check_capacity(of.account_sid, allowance, outgoing=True)
        leg = self._leg_to(target, destinations)
        facts = CallFacts(
            sid=self._sid(),
            account_sid=of.account_sid,
            parent_sid=of.sid,
            api_version=of.api_version,
            direction=Direction.OUTBOUND_DIAL,
            from_=shows,
            to=shown(target),
            caller_name=name or None,
            created_at=self._around.clock.utc(),
            sip_domain=of.sip_domain,
            status_callback=target.status_callback,
            node=self._node,
        )
        digits = target.send_digits if isinstance(target, NumberTarget) else ""
        call = self._register(facts, leg, Plan(ring_timeout=request.timeout, send_digits=digits, client=client))
        self._start(call)
        return call

    def _leg_to(self, target: DialTarget, destinations: Sequence[Destination]) -> OutgoingLeg:
        """Devices of a client ring at once; gateways that lead to a number, and flows that lead to a device, are tried one
        after the other.
        """
        try:
            if isinstance(target, NumberTarget):
                return self._exchange.hunting(destinations)
            legs = [
                self._exchange.outgoing(ways[0]) if len(ways) == 1 else self._exchange.hunting(ways)
                for ways in by_device(destinations)
            ]
        except LegFailed as failure:
            raise Unroutable(str(failure)) from failure
        return legs[0] if len(legs) == 1 else ForkedLeg(legs)

    # Calls that talk to each other

    async def dial(self, caller: ActiveCall, request: DialRequest) -> DialOutcome:
        if request.conference is not None:
            return await self.conferences.dial(caller, request, request.conference)
        return await self._dialling.dial(caller, request)

    def refer(self, call: ActiveCall, referral: Referral) -> None:
        self._transfers.refer(call, referral)

    def find(self, dialog: DialogName) -> ActiveCall | None:
        leg = self._exchange.find(dialog)
        return None if leg is None else next((call for call in self._live.values() if call.leg.includes(leg)), None)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        assert self._tasks is not None
        self._tasks.create_task(contained(work), name=name)

    # Calls that live

    def live(self, sid: CallSid) -> CallFacts | None:
        return None if (call := self._live.get(sid)) is None else call.facts

    async def quality(self, sid: CallSid) -> Statistics | None:
        return None if (call := self._live.get(sid)) is None else await call.media.measure()

    def live_calls(self, account_sid: AccountSid | None = None) -> Sequence[CallFacts]:
        return [call.facts for call in self._live.values() if account_sid in (None, call.facts.account_sid)]

    async def redirect(self, sid: CallSid, application: Application) -> CallFacts:
        call = self._live.get(sid)
        if call is None or call.facts.status is not CallStatus.IN_PROGRESS:
            raise CallRefused(NOT_IN_PROGRESS, "Call is not in-progress. Cannot redirect.")
        call.redirect(application)
        return call.facts

    async def hangup(self, sid: CallSid) -> CallFacts:
        call = self._live.get(sid)
        if call is None:
            raise CallRefused(NOT_IN_PROGRESS, "Call is not in-progress. Cannot hang up.")
        call.drop(Input.HANG_UP)
        await call.until_over(self._settings.hangup_timeout)
        return call.facts

    async def cancel(self, sid: CallSid) -> CallFacts:
        call = self._live.get(sid)
        if call is None or call.facts.status not in (CallStatus.QUEUED, CallStatus.RINGING):
            raise CallRefused(NOT_IN_PROGRESS, "Call is not queued or ringing. Cannot cancel.")
        call.drop(Input.CANCEL)
        await call.until_over(self._settings.hangup_timeout)
        return call.facts

    def _check_capacity(self, account_sid: AccountSid, allowance: Allowance, *, outgoing: bool) -> None:
        """Whether the account may begin a call; what registers it follows without a wait between. Raises ``Unroutable``."""
        self._capacity.check(account_sid, allowance.limits, self._around.clock.monotonic(), outgoing=outgoing)

    def _register(self, facts: CallFacts, leg: Leg, plan: Plan) -> ActiveCall:
        call = ActiveCall(Call(facts), leg, plan, self._around, self)
        call.announce()
        self._live[facts.sid] = call
        self.presence.follow(call)
        self._capacity.began(facts.account_sid)
        self._empty.clear()
        return call

    def _start(self, call: ActiveCall) -> None:
        self.spawn(self._run(call), call.facts.sid)

    async def _run(self, call: ActiveCall) -> None:
        try:
            await call.run()
        except Exception:
            log.exception("call_did_not_close", call=call.facts.sid)  # the other calls of this task group go on
        finally:
            if self._live.pop(call.facts.sid, None) is not None:
                self._capacity.ended(call.facts.account_sid)
            self._look_whether_empty()

    def _look_whether_empty(self) -> None:
        if self.idle:
            self._empty.set()

    def _sid(self) -> CallSid:
        return CallSid(self._around.sids("call"))
