"""Who may call and register.

A caller who names a client of ours in From, or anybody in a domain of ours, must prove to be that client. A trunk is known by
address, certificate or password, and reaches the numbers of its account. Anybody else may reach hosted numbers and
clients, nothing more, where ``calls.strangers`` lets them; that much is ``routing``'s care, and so is which of them are asked for a
trunk's password first. How credentials are checked is that
of ``authentication``; limits on how often an address may ask are the endpoint's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from offhook.calls.authentication import Authentication, Proof
from offhook.calls.directory import ClientEntry
from offhook.calls.leg import Leg
from offhook.calls.trunks.live import Trunks
from offhook.calls.trunks.trunk import Trunk
from offhook.sip.capabilities import REGISTRATION
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.events import IncomingCall, MessageReceived, ReferReceived, RegisterReceived, SubscribeReceived
from offhook.sip.flow import Flow
from offhook.sip.locating import is_address
from offhook.sip.message import Request
from offhook.sip.registrar import Binding, IntervalTooBrief, Registrar
from offhook.sip.signalling import Signalling
from offhook.sip.sources import TrustedNetworks
from offhook.sip.uri import Uri

log = structlog.get_logger(__name__)

PROVED = "client:"
"""How From begins, as applications see it, when the caller has proved to be a client; nobody else may write it so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A caller who may go on."""

    client: ClientEntry | None
    """The client that it is, proved; None for anybody else."""
    trunks: tuple[Trunk, ...] = ()
    """The trunks that it can have come by; none for strangers and clients."""
    challenge: Callable[[], None] | None = None
    """Asks a stranger for the password of a trunk instead of letting the call go on; None where no trunk has one."""


class Admission:
    """Decides on INVITE and REGISTER, and on what clients ask outside of calls."""

    def __init__(
        self,
        *,
        authentication: Authentication,
        registrar: Registrar,
        trusted: TrustedNetworks,
        trunks: Trunks,
        strangers: bool,
        now: Callable[[], float],
    ) -> None:
        """``strangers``: whether others than clients and trunks may call. ``now`` is the registrar's clock, in seconds."""
        self._authentication = authentication
        self._registrar = registrar
        self._trusted = trusted
        self._trunks = trunks
        self._strangers = strangers
        self._now = now
        self.on_change: Callable[[str], None] = lambda _address: None
        """Told of every address (``login@domain``) that has other contacts than before."""

    async def call(self, event: IncomingCall, signalling: Signalling, leg: Leg) -> Admitted | None:
        """Who calls. None: the leg was refused or challenged."""
        request, source = event.request, event.source
        try:
            from_ = request.from_.uri
            trunks = self._trunks.sender(source, request.target.user)
            ours = (signalling.local_address(source).host, request.target.address)
            realm = await self._claimed(from_, source, ours, by_trunk=bool(trunks))
            if realm is None and from_.number.strip().lower().startswith(PROVED):
                leg.refuse(403, "the name of a client is proved, not claimed")
                return None
            if realm is None and trunks:
                self._authentication.know(source)
                return Admitted(client=None, trunks=trunks)
            if realm is None:
                return await self._stranger(event, signalling, leg)
            if self._names_trunk(request, realm, from_.number):
                return await self._trunk(event, realm, signalling, leg)
            proved = await self._authentication.prove(request, from_.number, realm, source)
        except RemoteProtocolError as error:
            leg.refuse(error.status_hint, str(error))
            return None
        except TimeoutError:
            leg.refuse(503, "the directory did not answer in time")
            return None
        match proved.proof:
            case Proof.GIVEN:
                return Admitted(client=proved.client)
            case Proof.WRONG:
                leg.refuse(403, "wrong credentials")
            case Proof.INACTIVE:
                leg.refuse(403, "this client is not active")
            case Proof.MISSING | Proof.STALE:
                self._ask(event, realm, signalling, stale=proved.proof is Proof.STALE)
        return None

    async def client(
        self,
        event: ReferReceived | SubscribeReceived | MessageReceived,
        signalling: Signalling,
        refuse: Callable[[int], None],
    ) -> ClientEntry | None:
        """The client whose request it is; only clients may ask outside of calls. None: it was refused or challenged."""
        request, source = event.request, event.source
        try:
            from_ = request.from_.uri
            realm = await self._authentication.realm(from_.host)
            proved = await self._authentication.prove(request, from_.number, realm, source)
        except RemoteProtocolError as error:
            refuse(error.status_hint)
            return None
        except TimeoutError:
            refuse(503)
            return None
        match proved.proof:
            case Proof.GIVEN:
                return proved.client
            case Proof.MISSING | Proof.STALE:
                challenges = self._authentication.challenges(realm, source, stale=proved.proof is Proof.STALE)
                signalling.challenge(event.handle, challenges)
            case _:
                refuse(403)
        return None

    def expire(self) -> None:
        """Forget registrations that are over."""
        for address in self._registrar.expire(self._now()):
            self.on_change(address)

    async def register(self, event: RegisterReceived, signalling: Signalling) -> None:
        """Answer a REGISTER."""
        request, source = event.request, event.source
        try:
            to = request.to.uri
            realm = await self._authentication.realm(to.host)
            proved = await self._authentication.prove(request, to.user, realm, source)
        except RemoteProtocolError as error:
            signalling.reply(event.handle, error.status_hint)
            return
        except TimeoutError:
            signalling.reply(event.handle, 503, headers=[("Retry-After", "2")])
            return
        match proved.proof:
            case Proof.GIVEN if proved.client is not None:
                self._bind(event, proved.client, signalling)
            case Proof.MISSING | Proof.STALE:
                challenges = self._authentication.challenges(realm, source, stale=proved.proof is Proof.STALE)
                signalling.challenge(event.handle, challenges)
            case _:
                signalling.reply(event.handle, 403)

    async def _stranger(self, event: IncomingCall, signalling: Signalling, leg: Leg) -> Admitted | None:
        """Neither a client nor from a trunk's address: a trunk that proves itself, or anybody, where anybody may call."""
        request = event.request
        if not self._trunks.recognizer.asks_for_proof:
            if self._strangers:
                return Admitted(client=None)
            leg.refuse(403, "only clients and trunks may call here")
            return None
        realm = await self._authentication.realm(request.target.host)
        if self._authentication.username(request, realm):
            return await self._trunk(event, realm, signalling, leg)
        challenge = partial(self._ask, event, realm, signalling)
        if self._strangers:
            return Admitted(client=None, challenge=challenge)
        challenge()
        return None

    async def _trunk(self, event: IncomingCall, realm: str, signalling: Signalling, leg: Leg) -> Admitted | None:
        """A caller whose credentials must be those of a trunk."""
        request, source, recognizer = event.request, event.source, self._trunks.recognizer

        async def secrets(username: str) -> Mapping[str, str]:
            named = recognizer.named(username)
            return {} if named is None else named.recognition.secrets(realm)

        proof, username = await self._authentication.judge(request, realm, source, secrets)
        trunk = recognizer.named(username)
        match proof:
            case Proof.GIVEN if trunk is not None:
                self._authentication.know(source)
                return Admitted(client=None, trunks=(trunk,))
            case Proof.MISSING | Proof.STALE:
                self._ask(event, realm, signalling, stale=proof is Proof.STALE)
            case _:
                leg.refuse(403, "wrong credentials")
        return None

    def _ask(self, event: IncomingCall, realm: str, signalling: Signalling, *, stale: bool = False) -> None:
        signalling.challenge(event.call, self._authentication.challenges(realm, event.source, stale=stale), proxy=True)

    def _names_trunk(self, request: Request, realm: str, login: str) -> bool:
        """Whether a caller who writes a domain of ours in From answers as a trunk: carriers write it behind any number."""
        username = self._authentication.username(request, realm)
        return username != login and self._trunks.recognizer.named(username) is not None

    async def _claimed(self, from_: Uri, source: Flow, ours: tuple[str, str], *, by_trunk: bool) -> str | None:
        """The realm in which the caller claims to be a client; None for a stranger. ``ours`` is our address to him, and that which he asks.

        Whoever writes a domain or an address of ours in From is asked, whether or not there is such a client, so that
        nobody learns which there are; at another address nobody is a client. Trusted networks, trunks and this machine are
        asked only where they name a client: carriers write our domain behind the number of their caller.
        """
        realm, host = await self._authentication.realm(from_.host), from_.address.lower().rstrip(".")
        if not (by_trunk or source.host in self._trusted or (source.host == ours[0] and host != realm)):
            return realm if host == realm or (is_address(host) and host in ours) else None
        client = await self._authentication.client(from_.number, from_.host)
        return None if client is None else client.domain

    def _bind(self, event: RegisterReceived, client: ClientEntry, signalling: Signalling) -> None:
        now, address = self._now(), f"{client.login}@{client.domain}"
        self.expire()
        try:
            bindings = self._registrar.register(address, event.request, event.source, now)
        except IntervalTooBrief as error:
            signalling.reply(event.handle, 423, headers=[("Min-Expires", str(error.min_expires))])
        except RemoteProtocolError as error:
            signalling.reply(event.handle, error.status_hint)
        else:
            log.info("client_registered", client=client.client_sid, contacts=len(bindings))
            signalling.reply(event.handle, 200, headers=self._accepted(event.request, bindings, now))
            self.on_change(address)

    def _accepted(self, request: Request, bindings: Sequence[Binding], now: float) -> list[tuple[str, str]]:
        """What a 200 to REGISTER says: the contacts that hold, the Path, and of flows how often they must show life."""
        headers = [("Contact", binding.contact_value(now)) for binding in bindings]
        headers.append(("Supported", ", ".join(REGISTRATION)))
        headers += [("Path", value) for value in request.lines("path")]
        if any(binding.outbound and binding.call_id == request.call_id for binding in bindings):
            headers += [("Require", "outbound"), ("Flow-Timer", str(self._registrar.flow_timer))]
        return headers
