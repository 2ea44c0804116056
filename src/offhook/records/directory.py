"""The directory: implements ``calls.directory.Directory`` on the store, with a memory so that calls cause no queries."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from offhook.calls.directory import AccountPolicy, ClientEntry, NumberRoute
from offhook.calls.events import StatusCallback
from offhook.calls.numbers.patterns import SIGNS, Patterns, is_pattern
from offhook.calls.script import Application
from offhook.calls.trunks.book import TrunkBook
from offhook.records.settings import RecordsSettings
from offhook.records.trunks import StoreTrunks
from offhook.security.masked import Secret
from offhook.security.secrets import Keyring
from offhook.store import accounts, clients, limits, numbers, organizations
from offhook.store.accounts import AccountRow
from offhook.store.applications import ApplicationRow
from offhook.store.base import storable
from offhook.store.clients import ClientRow
from offhook.store.numbers import NumberRow
from offhook.store.session import Database
from offhook.vocabulary.sids import AccountSid, ApplicationSid, ClientSid, NumberSid

Key = TypeVar("Key")
Found = TypeVar("Found")
_LONGEST_NAME: Final = 255
_PROGRESS: Final = frozenset({"initiated", "ringing", "answered", "completed"})


class Memory(Generic[Key, Found]):
    """Remembers answers, also that there is none, for ``ttl`` seconds; at most ``limit``, the least recently used goes.

    Those who ask the same at the same time share one query. While that renews an old answer, they take the old one, for
    another ``ttl`` at most: under load every caller would otherwise wait for the same query.
    """

    def __init__(
        self, find: Callable[[Key], Awaitable[Found]], *, ttl: float, limit: int, monotonic: Callable[[], float]
    ) -> None:
        self._find = find
        self._ttl = ttl
        self._limit = limit
        self._monotonic = monotonic
        self._kept: OrderedDict[Key, tuple[float, Found]] = OrderedDict()
        self._asking: dict[Key, asyncio.Future[None]] = {}
        self._generation = 0

    async def get(self, key: Key) -> Found:
        """The answer, remembered or found now; raises what the query raises."""
        while True:
            kept, asking = self._kept.get(key), self._asking.get(key)
            if kept is not None and self._monotonic() < kept[0] + (0 if asking is None else self._ttl):
                self._kept.move_to_end(key)
                return kept[1]
            if asking is None:
                return await self._ask(key)
            await asyncio.wait((asking,))

    def forget(self) -> None:
        """Believe nothing any more; also not what is being found now."""
        self._kept.clear()
        self._generation += 1

    async def _ask(self, key: Key) -> Found:
        done = self._asking[key] = asyncio.get_running_loop().create_future()
        generation = self._generation
        try:
            found = await self._find(key)
            if generation == self._generation:
                self._kept[key] = (self._monotonic() + self._ttl, found)
                self._kept.move_to_end(key)
                if len(self._kept) > self._limit:
                    self._kept.popitem(last=False)
            return found
        finally:
            del self._asking[key]
            done.set_result(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """All names of an organization, so that a flood of unknown ones causes no queries; None where there are too many."""

    numbers: frozenset[str] | None
    logins: frozenset[str] | None


class StoreDirectory:
    """Numbers, clients and accounts. Whoever changes them calls ``forget``; other nodes notice after ``lookup_ttl``."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        settings: RecordsSettings,
        book: TrunkBook | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``book``: the node's own trunks and routes."""
        self.trunks = StoreTrunks(database, keyring, settings, book or TrunkBook())
        """Those of all accounts."""
        self._database = database
        self._keyring = keyring
        self._wait = settings.lookup_wait
        ttl, limit = settings.lookup_ttl, settings.lookup_limit
        self._organizations = Memory(self._find_organization, ttl=ttl, limit=limit, monotonic=monotonic)
        self._numbers = Memory(self._find_number, ttl=ttl, limit=limit, monotonic=monotonic)
        self._most_names = limit
        self._names = Memory(self._find_names, ttl=ttl, limit=limit, monotonic=monotonic)
        self._patterns = Memory(self._find_patterns, ttl=ttl, limit=limit, monotonic=monotonic)
        self._clients = Memory(self._find_client, ttl=ttl, limit=limit, monotonic=monotonic)
        self._keys = Memory(self._find_key, ttl=ttl, limit=limit, monotonic=monotonic)
        self._policies = Memory(self._find_policy, ttl=ttl, limit=limit, monotonic=monotonic)
        self._lineages = Memory(self._find_lineage, ttl=ttl, limit=limit, monotonic=monotonic)

    async def number(self, dialled: str, domain: str | None = None) -> NumberRoute | None:
        """The hosted number that was dialled: as given, with and without ``+``, else the first pattern that fits. Raises
        ``TimeoutError``.
        """
        if not _askable(dialled):
            return None
        async with asyncio.timeout(self._wait):
            organization = await self._organizations.get(_domain(domain))
            if organization is None:
                return None
            names, found, spellings = await self._names.get(organization[0]), None, _spellings(dialled)
            if names.numbers is None or not names.numbers.isdisjoint(spellings):
                found = await self._numbers.get((organization[0], dialled))
            return found or (await self._patterns.get(organization[0])).find(*spellings)

    async def client(self, login: str, domain: str | None = None) -> ClientEntry | None:
        """A client by login, in the organization of ``domain``. Raises ``TimeoutError``."""
        if not _askable(login):
            return None
        async with asyncio.timeout(self._wait):
            organization = await self._organizations.get(_domain(domain))
            if organization is None:
                return None
            names = await self._names.get(organization[0])
            known = names.logins is None or login in names.logins
            return await self._clients.get((*organization, login)) if known else None

    async def domain(self, host: str | None = None) -> str | None:
        """The SIP domain of the organization that serves ``host``. Raises ``TimeoutError``."""
        async with asyncio.timeout(self._wait):
            organization = await self._organizations.get(_domain(host))
            return None if organization is None else organization[1]

    async def signing_key(self, account_sid: AccountSid) -> Secret | None:
        """The auth token that signs requests to an account's applications; None when there is no such account."""
        async with asyncio.timeout(self._wait):
            return await self._keys.get(account_sid)

    async def lineage(self, account_sid: AccountSid) -> Sequence[AccountSid]:
        """An account, the one above it, and so on up to the administrator's. Raises ``TimeoutError``."""
        async with asyncio.timeout(self._wait):
            return await self._lineages.get(account_sid)

    async def policy(self, account_sid: AccountSid) -> AccountPolicy:
        """What an account may do. Raises ``TimeoutError``."""
        async with asyncio.timeout(self._wait):
            return await self._policies.get(account_sid)

    def forget(self) -> None:
        """Something was changed: ask the database again."""
        self.trunks.forget()
        calls = (self._organizations, self._names, self._numbers, self._patterns, self._clients)
        for memory in (*calls, self._keys, self._lineages, self._policies):
            memory.forget()

    async def _find_organization(self, domain: str) -> tuple[str, str] | None:
        async with self._database.reading() as session:
            found = await organizations.by_domain(session, domain) if domain else None
            found = found or await organizations.default(session)
        return None if found is None or found.status != "active" else (found.sid, found.domain_name)

    async def _find_number(self, key: tuple[str, str]) -> NumberRoute | None:
        organization_sid, dialled = key
        forms = _spellings(dialled)
        async with self._database.reading() as session:
            found = await numbers.dialled(session, organization_sid, forms)
        if not found:
            return None
        return _route(*min(found, key=lambda row: forms.index(row[0].phone_number)))

    async def _find_names(self, organization_sid: str) -> _Names:
        async with self._database.reading() as session:
            return _Names(
                numbers=await numbers.names(session, organization_sid, self._most_names),
                logins=await clients.logins(session, organization_sid, self._most_names),
            )

    async def _find_patterns(self, organization_sid: str) -> Patterns[NumberRoute]:
        async with self._database.reading() as session:
            found = await numbers.containing(session, organization_sid, SIGNS)
        return Patterns((row[0].phone_number, _route(*row)) for row in found if is_pattern(row[0].phone_number))

    async def _find_client(self, key: tuple[str, str, str]) -> ClientEntry | None:
        organization_sid, domain, login = key
        async with self._database.reading() as session:
            found = await clients.by_login(session, organization_sid, login)
        return None if found is None else _entry(domain, *found)

    async def _find_key(self, account_sid: AccountSid) -> Secret | None:
        async with self._database.reading() as session:
            found = await accounts.credentials(session, account_sid)
        return None if found is None else self._keyring.open(found.auth_token, found.sid)

    async def _find_policy(self, account_sid: AccountSid) -> AccountPolicy:
        async with self._database.reading() as session:
            lineage = await accounts.lineage(session, account_sid)
            organization = await organizations.of_account(session, account_sid)
            said = await limits.effective(session, lineage)
        return AccountPolicy(
            domain=None if organization is None else organization.domain_name,
            max_calls=said.max_calls,
            calls_per_second=said.calls_per_second,
            destinations=said.destinations,
        )

    async def _find_lineage(self, account_sid: AccountSid) -> Sequence[AccountSid]:
        async with self._database.reading() as session:
            return await accounts.lineage(session, account_sid)


def _spellings(dialled: str) -> list[str]:
    """How a number that was dialled may be stored, the likeliest first."""
    bare = dialled.removeprefix("+")
    return [dialled, f"+{bare}", bare]


def _askable(name: str) -> bool:
    """Whether a database can hold such a name at all; the wire brings others."""
    return len(name) <= _LONGEST_NAME and storable(name) == name


def _domain(domain: str | None) -> str:
    """The name to look for; empty for an address, which names no organization."""
    if not domain or not _askable(domain):
        return ""
    try:
        ipaddress.ip_address(domain.strip("[]"))
    except ValueError:
        return domain.lower().rstrip(".")
    return ""


def _application(row: NumberRow | ClientRow, linked: ApplicationRow | None) -> Application | None:
    """The linked application where it says something, else the row's own URL."""
    document = linked.document if linked is not None else None
    if document:
        return Application(document=document)
    source = linked if linked is not None and linked.voice_url else row
    if not source.voice_url:
        return None
    return Application(
        url=source.voice_url,
        method=source.voice_method,
        fallback_url=source.voice_fallback_url,
        fallback_method=source.voice_fallback_method,
    )


def _route(row: NumberRow, account: AccountRow, linked: ApplicationRow | None) -> NumberRoute:
    callback, method = row.status_callback, row.status_callback_method
    if not callback and linked is not None:
        callback, method = linked.status_callback, linked.status_callback_method
    version = linked.api_version if linked is not None else row.api_version
    # One dialect reports every step of a number's call, the other its end.
    events = _PROGRESS if version == "2012-04-24" else frozenset({"completed"})
    return NumberRoute(
        account_sid=AccountSid(row.account_sid),
        number_sid=NumberSid(row.sid),
        application_sid=None if linked is None else ApplicationSid(linked.sid),
        api_version=version,
        application=_application(row, linked),
        status_callback=StatusCallback(url=callback, method=method, events=events) if callback else None,
        account_active=account.status == "active",
    )


def _entry(domain: str, row: ClientRow, account: AccountRow, linked: ApplicationRow | None) -> ClientEntry:
    return ClientEntry(
        account_sid=AccountSid(row.account_sid),
        client_sid=ClientSid(row.sid),
        login=row.login,
        domain=domain,
        ha1={"MD5": row.ha1_md5, "SHA-256": row.ha1_sha256},
        application=_application(row, linked),
        application_sid=None if linked is None else ApplicationSid(linked.sid),
        api_version=linked.api_version if linked is not None else row.api_version,
        active=row.active and account.status == "active",
    )
