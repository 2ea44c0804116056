"""Who may call and register: digest credentials (RFC 3261 section 22) of clients, and a back-off for those who guess.

A caller who names a client of ours in From must prove to be that client. Anybody else may reach hosted numbers and
clients, nothing more; that much is ``routing``'s care. Limits on how often an address may ask are the endpoint's.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import structlog

from offhook.calls.directory import ClientEntry, Directory
from offhook.calls.leg import Leg
from offhook.calls.settings import CallSettings
from offhook.sip.digest import Challenger, Credentials, Verdict
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.events import IncomingCall, RegisterReceived
from offhook.sip.flow import Flow
from offhook.sip.message import Request
from offhook.sip.registrar import IntervalTooBrief, Registrar
from offhook.sip.signalling import Signalling

log = structlog.get_logger(__name__)

PROVED = "client:"
"""How From begins, as applications see it, when the caller has proved to be a client; nobody else may write it so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A caller who may go on."""

    client: ClientEntry | None
    """The client that it is, proved; None for anybody else."""


class Proof(Enum):
    """What a request's credentials show."""

    GIVEN = "the password is known"
    MISSING = "no credentials"
    STALE = "the nonce is too old"
    WRONG = "wrong credentials"


class Failures:
    """How often each address failed lately. Bounded: the longest known address is forgotten for a new one."""

    def __init__(self, *, limit: int, window: float, max_sources: int) -> None:
        self._limit = limit
        self._window = window
        self._max_sources = max_sources
        self._known: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def blocked(self, host: str, now: float) -> bool:
        """Whether ``host`` has failed too often; each failure starts the window anew."""
        since, count = self._known.get(host, (now, 0))
        if now - since > self._window:
            self._known.pop(host, None)
            return False
        return count >= self._limit

    def note(self, host: str, now: float) -> None:
        """Count a failure of ``host``."""
        _, count = self._known.pop(host, (now, 0))
        self._known[host] = (now, count + 1)
        while len(self._known) > self._max_sources:
            self._known.popitem(last=False)


class Admission:
    """Decides on INVITE and REGISTER."""

    def __init__(
        self,
        *,
        settings: CallSettings,
        domain: str,
        directory: Directory,
        registrar: Registrar,
        challenger: Challenger,
        now: Callable[[], float],
    ) -> None:
        """``domain`` is the realm of names that nobody has; ``now`` the clock of registrar and challenger, in seconds."""
        self._domain = domain
        self._directory = directory
        self._registrar = registrar
        self._challenger = challenger
        self._now = now
        self._lookup_timeout = settings.lookup_timeout
        self._failures = Failures(
            limit=settings.max_failures_per_source,
            window=settings.failure_window,
            max_sources=settings.max_failing_sources,
        )

    async def call(self, event: IncomingCall, signalling: Signalling, leg: Leg) -> Admitted | None:
        """Who calls. None: the leg was refused or challenged."""
        request = event.request
        try:
            from_ = request.from_.uri
            client = await self._client(from_.number, from_.host)
        except RemoteProtocolError as error:
            leg.refuse(error.status_hint, str(error))
            return None
        except TimeoutError:
            leg.refuse(503, "the directory did not answer in time")
            return None
        if client is None and from_.number.strip().lower().startswith(PROVED):
            leg.refuse(403, "the name of a client is proved, not claimed")
            return None
        if client is None:
            return Admitted(client=None)
        match self._proof(request, client, client.domain, event.source):
            case Proof.WRONG:
                leg.refuse(403, "wrong credentials")
            case Proof.GIVEN if not client.active:
                leg.refuse(403, "this client is not active")
            case Proof.GIVEN:
                return Admitted(client=client)
            case Proof.MISSING | Proof.STALE as proof:
                challenges = self._challenger.challenges(client.domain, self._now(), stale=proof is Proof.STALE)
                signalling.challenge(event.call, challenges, proxy=True)
        return None

    async def register(self, event: RegisterReceived, signalling: Signalling) -> None:
        """Answer a REGISTER."""
        request = event.request
        try:
            to = request.to.uri
            client = await self._client(to.user, to.host)
        except RemoteProtocolError as error:
            signalling.reply(event.handle, error.status_hint)
            return
        except TimeoutError:
            signalling.reply(event.handle, 503, headers=[("Retry-After", "2")])
            return
        realm = self._domain if client is None else client.domain
        match self._proof(request, client, realm, event.source):
            case Proof.WRONG:
                signalling.reply(event.handle, 403)
            case Proof.MISSING | Proof.STALE as proof:
                challenges = self._challenger.challenges(realm, self._now(), stale=proof is Proof.STALE)
                signalling.challenge(event.handle, challenges)
            case Proof.GIVEN if client is not None and client.active:
                self._bind(event, client, signalling)
            case Proof.GIVEN:
                signalling.reply(event.handle, 403)

    def _bind(self, event: RegisterReceived, client: ClientEntry, signalling: Signalling) -> None:
        now = self._now()
        self._registrar.expire(now)
        try:
            bindings = self._registrar.register(f"{client.login}@{client.domain}", event.request, event.source, now)
        except IntervalTooBrief as error:
            signalling.reply(event.handle, 423, headers=[("Min-Expires", str(error.min_expires))])
        except RemoteProtocolError as error:
            signalling.reply(event.handle, error.status_hint)
        else:
            log.info("client_registered", client=client.client_sid, contacts=len(bindings))
            contacts = [("Contact", binding.contact_value(now)) for binding in bindings]
            signalling.reply(event.handle, 200, headers=contacts)

    async def _client(self, login: str, domain: str) -> ClientEntry | None:
        if not login:
            return None
        async with asyncio.timeout(self._lookup_timeout):
            return await self._directory.client(login, domain or None)

    def _proof(self, request: Request, client: ClientEntry | None, realm: str, source: Flow) -> Proof:
        """Judge the credentials for ``client``, or for nobody, which no credentials can prove."""
        now = self._now()
        values = [*request.lines("proxy-authorization"), *request.lines("authorization")]
        if not values:
            return Proof.MISSING
        if self._failures.blocked(source.host, now):
            return Proof.WRONG
        credentials = _matching(values, realm)
        if credentials is None:
            return Proof.MISSING
        verdict = Verdict.REFUSED
        if client is None or credentials.username == client.login:
            verdict = self._challenger.verify(
                credentials,
                realm=realm,
                method=request.method,
                uri=request.uri,
                secrets={} if client is None else client.ha1,
                now=now,
            )
        match verdict:
            case Verdict.ACCEPTED:
                return Proof.GIVEN
            case Verdict.STALE:
                return Proof.STALE
            case _:
                self._failures.note(source.host, now)
                log.warning("credentials_refused", source=source.host, method=request.method)
                return Proof.WRONG


def _matching(values: list[str], realm: str) -> Credentials | None:
    """The credentials for ``realm`` among those that can be read."""
    for value in values:
        try:
            credentials = Credentials.parse(value)
        except RemoteProtocolError:
            continue
        if credentials.realm == realm:
            return credentials
    return None
