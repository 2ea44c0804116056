"""Digest credentials of clients (RFC 3261 section 22): whom they prove, and what guessing them costs.

Requests without credentials, or with a nonce that their sender did not get from us, cause no look-up of their user and
tell nothing about it; only wrong passwords count towards bans, so that nobody is banned by a forged source address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum

import structlog

from offhook.calls.directory import ClientEntry, Directory
from offhook.sip.bans import Bans
from offhook.sip.digest import Challenger, Credentials, Verdict
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.flow import Flow
from offhook.sip.message import Request
from offhook.sip.sources import source_of

log = structlog.get_logger(__name__)


class Proof(Enum):
    """What a request's credentials show."""

    GIVEN = "the password is known"
    MISSING = "no credentials"
    STALE = "a nonce that is not fresh"
    WRONG = "wrong credentials, of a known user or not"
    INACTIVE = "right, but the client or its account may do nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """The outcome of a check."""

    proof: Proof
    client: ClientEntry | None = None
    """The client, if the proof is given."""


class Authentication:
    """Checks credentials."""

    def __init__(
        self,
        *,
        directory: Directory,
        challenger: Challenger,
        bans: Bans,
        domain: str,
        lookup_timeout: float,
        now: Callable[[], float],
    ) -> None:
        """``domain`` is the realm where no organization serves a name; ``now`` the clock of bans and nonces, in seconds."""
        self._directory = directory
        self._challenger = challenger
        self._bans = bans
        self._domain = domain
        self._lookup_timeout = lookup_timeout
        self._now = now

    async def realm(self, host: str) -> str:
        """The realm for clients at ``host``: the domain of the organization that serves it. Raises ``TimeoutError``."""
        async with asyncio.timeout(self._lookup_timeout):
            return await self._directory.domain(host or None) or self._domain

    async def client(self, login: str, host: str) -> ClientEntry | None:
        """The client of that name. Raises ``TimeoutError``."""
        if not login:
            return None
        async with asyncio.timeout(self._lookup_timeout):
            return await self._directory.client(login, host or None)

    def challenges(self, realm: str, source: Flow, *, stale: bool) -> list[str]:
        """Header values that ask ``source`` for credentials."""
        return self._challenger.challenges(realm, self._now(), peer=source_of(source.host), stale=stale)

    async def prove(self, request: Request, login: str, realm: str, source: Flow) -> Proved:
        """Whether ``request`` proves to come from the client ``login`` of ``realm``. Raises ``TimeoutError``."""
        client: ClientEntry | None = None

        async def secrets(username: str) -> Mapping[str, str]:
            nonlocal client
            client = await self.client(login, realm)
            return client.ha1 if client is not None and username == client.login else {}

        proof, _ = await self.judge(request, realm, source, secrets)
        if proof is not Proof.GIVEN:
            return Proved(proof=proof)
        if client is None or not client.active:
            return Proved(proof=Proof.INACTIVE)
        self.know(source)
        return Proved(proof=Proof.GIVEN, client=client)

    def know(self, source: Flow) -> None:
        """Take ``source`` for one of ours, a client's or a trunk's: it shares no limit with strangers."""
        self._bans.succeeded(source.host, self._now())

    def username(self, request: Request, realm: str) -> str:
        """Whose credentials for ``realm`` a request brings, proved or not; empty when none."""
        credentials = _matching(_values(request), realm)
        return "" if credentials is None else credentials.username

    async def judge(
        self, request: Request, realm: str, source: Flow, secrets: Callable[[str], Awaitable[Mapping[str, str]]]
    ) -> tuple[Proof, str]:
        """What the credentials of ``request`` for ``realm`` show, and whose name they give.

        ``secrets`` finds the HA1 of that name by algorithm; it is asked only for those whose nonce came from us.
        """
        credentials = _matching(_values(request), realm)
        if credentials is None:
            return Proof.MISSING, ""
        now, peer, username = self._now(), source_of(source.host), credentials.username
        if not self._challenger.fresh(credentials, realm=realm, now=now, peer=peer):
            return Proof.STALE, username
        if self._bans.blocked(source.host, username, now):
            return Proof.WRONG, username
        verdict = self._challenger.verify(
            credentials,
            realm=realm,
            method=request.method,
            uri=request.uri,
            secrets=await secrets(username),
            now=now,
            peer=peer,
            body=request.body,
        )
        match verdict:
            case Verdict.ACCEPTED:
                return Proof.GIVEN, username
            case Verdict.STALE:
                return Proof.STALE, username
            case Verdict.REFUSED:
                self._note_failure(username, request.method, source, now)
                return Proof.WRONG, username

    def _note_failure(self, user: str, method: str, source: Flow, now: float) -> None:
        log.warning("credentials_refused", source=source.host, user=user[:80], method=method)
        ban = self._bans.failed(source.host, user, now)
        if ban is not None:
            log.warning("source_banned", source=ban.source, seconds=round(ban.left), times=ban.times)


def _values(request: Request) -> list[str]:
    return [*request.lines("proxy-authorization"), *request.lines("authorization")]


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
