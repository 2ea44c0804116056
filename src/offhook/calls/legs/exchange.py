"""The SIP exchange: brings events of the endpoint to legs, makes legs for calls out, and hands callers to the switchboard.

Stands between the SIP driver, which must know its listener first, and the switchboard; ``connect`` closes the circle.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Protocol

import structlog

from offhook.calls.admission import Admission
from offhook.calls.contained import contained
from offhook.calls.directory import Directory
from offhook.calls.leg import ANONYMOUS, Caller, Contact, Destination, DialogName, Invitation, Leg, OutgoingLeg
from offhook.calls.legs.hunt import HuntingLeg
from offhook.calls.legs.incoming import IncomingLeg
from offhook.calls.legs.keepalive import KeepAlive
from offhook.calls.legs.negotiation import MediaAddresses, Negotiation
from offhook.calls.legs.ping import Pinging
from offhook.calls.legs.referral import replaced_by
from offhook.calls.legs.registrations import Registrations
from offhook.calls.legs.requests import Requests
from offhook.calls.legs.sip import Line, OutboundLeg, SipLeg
from offhook.calls.legs.translation import custom_headers
from offhook.calls.legs.trial import Trial
from offhook.calls.presence import Presence
from offhook.calls.settings import CallSettings
from offhook.calls.switchboard import Admit
from offhook.calls.trunks.live import Trunks
from offhook.calls.trunks.probing import Prober
from offhook.calls.trunks.trunk import Trunk
from offhook.media.session import Sessions
from offhook.security.tls import ClientTls
from offhook.sip import events as sip
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.identifiers import Identifiers
from offhook.sip.identity import forwarded_from, presented
from offhook.sip.registrar import Registrar
from offhook.sip.rounds import Rounds
from offhook.sip.settings import SipSettings
from offhook.sip.signalling import Signalling
from offhook.sip.sources import TrustedNetworks
from offhook.vocabulary.sids import AccountSid

log = structlog.get_logger(__name__)


_FORGET_EVERY = 10.0
"""Seconds after which it is noticed that a registration has run out."""


class Front(Protocol):
    """Who takes calls that come in: the switchboard."""

    @property
    def presence(self) -> Presence:
        """What clients are doing."""
        ...

    def receive(self, leg: Leg, admit: Admit) -> None: ...


class SipExchange:
    """Implements ``Exchange`` on SIP. ``hear`` is the driver's listener; works while ``run`` runs."""

    def __init__(
        self,
        *,
        settings: SipSettings,
        calls: CallSettings,
        directory: Directory,
        addresses: MediaAddresses,
        sessions: Sessions,
        registrar: Registrar,
        admission: Admission,
        trunks: Trunks,
        now: Callable[[], float],
        random_bits: Callable[[int], int],
    ) -> None:
        self._settings = settings
        self._calls = calls
        self._directory = directory
        self._asserting = TrustedNetworks(settings.asserting)
        self._addresses = addresses
        self._sessions = sessions
        self._registrar = registrar
        self._admission = admission
        self.trunks = trunks
        self._now = now
        self._random_bits = random_bits
        self._legs: dict[sip.CallHandle, SipLeg] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._line: Line | None = None
        self._front: Front | None = None
        self._keepalive: KeepAlive | None = None

    def connect(self, signalling: Signalling, front: Front) -> None:
        """Name both neighbours; before the first event."""
        self._line = Line(
            signalling=signalling,
            spawn=self._spawn,
            hold=self._hold,
            new_call_id=Identifiers(self._random_bits).call_id,
            retry_after=self._settings.retry_after,
            refers=self._settings.transfer == "refer",
            permits=self._addresses.egress.permits,
        )
        self._front = front
        self._pinging = Pinging(signalling)
        if self._settings.ping_interval > 0:
            rounds = Rounds(self._registrar, interval=self._settings.ping_interval, misses=self._settings.ping_misses)
            self._keepalive = KeepAlive(rounds, signalling, self._now)
            self._keepalive.on_gone = front.presence.changed
        self._admission.on_change = front.presence.changed
        self._requests = Requests.wired(
            signalling,
            self._admission,
            self._directory,
            front.presence,
            self._calls,
            spawn=self._spawn,
            leg=self.find,
            contacts=self.contacts,
        )
        self.trial = Trial(
            signalling,
            self.trunks,
            self._pinging.ping,
            self.hunting,
            tls=ClientTls(verify=self._settings.tls_verify, ca_file=self._settings.tls_ca),
            connect_timeout=self._settings.connect_timeout,
        )
        """Tests trunks for whoever asks."""
        self._registrations = Registrations(signalling, self.trunks, now=self._now, random_bits=self._random_bits)

    async def run(self) -> None:
        """Own the small tasks of legs and registrations, and watch the gateways, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            if self._keepalive is not None:
                tasks.create_task(self._keepalive.run(), name="keep-alive of clients")
            tasks.create_task(self._forget_registrations())
            tasks.create_task(self.trunks.source.run(self.trunks.replace))
            tasks.create_task(self._registrations.run())
            await Prober(self.trunks, self._pinging.ping, random_bits=self._random_bits).run()

    async def unregister(self) -> None:
        """Take our bindings at carriers away: the node takes no more calls."""
        await self._registrations.end()

    async def _forget_registrations(self) -> None:
        while True:
            await asyncio.sleep(_FORGET_EVERY)
            self._admission.expire()

    @property
    def idle(self) -> bool:
        """Whether no leg is known to signalling, and no message waits for an answer."""
        return not self._legs and self._requests.idle

    def hear(self, event: sip.Event) -> None:
        """Take an event of the endpoint, in order. Returns at once."""
        match event:
            case sip.IncomingCall():
                self._receive(event)
            case sip.FlowLost(flow=flow):
                self._registrar.forget(flow)
            case sip.RegisterReceived():
                self._spawn(self._admission.register(event, self._wired().signalling))
            case sip.PingAnswered():
                self._pinging.hear(event)
                if self._keepalive is not None:
                    self._keepalive.hear(event)
            case sip.ReferReceived(call=None) | sip.SubscribeReceived() | sip.SubscriptionEnded():
                self._requests.hear(event)
            case sip.MessageReceived() | sip.MessageAnswered():
                self._requests.hear(event)
            case sip.RegisterAnswered():
                self._registrations.hear(event)
            case _ if event.call is not None:
                leg = self._legs.get(event.call)
                if leg is not None:
                    if isinstance(event, sip.CallEnded):
                        del self._legs[event.call]
                    leg.hear(event)

    def outgoing(self, destination: Destination) -> OutgoingLeg:
        return OutboundLeg(self._wired(), self._negotiation(), destination)

    def hunting(self, destinations: Sequence[Destination]) -> OutgoingLeg:
        return HuntingLeg(destinations, self.outgoing, self._spawn)

    def find(self, dialog: DialogName) -> SipLeg | None:
        handle = self._wired().signalling.find(dialog.call_id, dialog.our_tag, dialog.their_tag)
        return None if handle is None else self._legs.get(handle)

    def contacts(self, login: str, domain: str) -> Sequence[Contact]:
        """Of the flows of a device the newest comes first; it is left for the next when nothing comes of it (RFC 5626 §5.3)."""
        bindings = self._registrar.lookup(f"{login}@{domain}", self._now())
        last = {binding.instance or binding.contact: binding for binding in bindings}
        return [
            Contact(
                uri=str(binding.target),
                route=binding.flow,
                path=binding.path,
                device=binding.instance,
                response_timeout=self._settings.failover_timeout
                if last[binding.instance or binding.contact] is not binding
                else None,
            )
            for binding in bindings
        ]

    def ways(
        self, number: str, caller: Caller, lineage: Sequence[AccountSid], headers: Sequence[tuple[str, str]]
    ) -> tuple[Destination, ...]:
        return self.trunks.ways(number, caller, lineage, headers)

    def guards(self, lineage: Sequence[AccountSid]) -> bool:
        return self.trunks.recognizer.guards(lineage)

    def _receive(self, event: sip.IncomingCall) -> None:
        assert self._front is not None
        leg = IncomingLeg(self._wired(), self._negotiation(), event)
        self._front.receive(leg, partial(self._admit, event, leg))

    async def _admit(self, event: sip.IncomingCall, leg: IncomingLeg) -> Invitation | None:
        """Who calls whom, once that is proved; None when the caller was challenged or refused."""
        admitted = await self._admission.call(event, self._wired().signalling, leg)
        if admitted is None:
            return None
        request = event.request
        believed, proved = event.source.host in self._asserting, admitted.client is not None
        try:
            to, replaces = request.target, replaced_by(request)
            caller = presented(request, request.from_, believed=believed, proved=proved)
        except RemoteProtocolError as error:
            leg.refuse(error.status_hint, str(error))
            return None
        return Invitation(
            leg=leg,
            to_user=to.number,
            to_domain=to.host,
            from_user=caller.uri.number or ANONYMOUS,
            from_domain=caller.uri.host,
            from_name=caller.name,
            client=admitted.client,
            trunks=admitted.trunks,
            challenge=admitted.challenge,
            occupy=partial(self._occupy, leg),
            to_alias=request.to.uri.number,
            forwarded_from=forwarded_from(request),
            headers=custom_headers(request),
            source_ip=event.source.host,
            sip_call_id=request.call_id,
            replaces=replaces,
        )

    def _occupy(self, leg: IncomingLeg, trunk: Trunk) -> str:
        limits, refusal = self.trunks.occupy(trunk)
        if limits is not None:
            leg.occupy(limits.release)
        return refusal

    def _negotiation(self) -> Negotiation:
        return Negotiation(self._sessions.create(), self._addresses, self._random_bits)

    def _wired(self) -> Line:
        assert self._line is not None, "connect comes before the first event"
        return self._line

    def _hold(self, handle: sip.CallHandle, leg: SipLeg) -> None:
        self._legs[handle] = leg

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        if self._tasks is None:
            work.close()
            log.warning("exchange_not_running")
            return
        self._tasks.create_task(contained(work))
