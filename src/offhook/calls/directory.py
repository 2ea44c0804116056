"""The port through which calls look things up: numbers, clients, gateways. Cached and replaceable by a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from offhook.calls.events import StatusCallback
from offhook.calls.script import Application
from offhook.vocabulary.sids import AccountSid, ApplicationSid, ClientSid, NumberSid


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRoute:
    """A hosted number and what runs there."""

    account_sid: AccountSid
    number_sid: NumberSid
    application_sid: ApplicationSid | None
    api_version: str
    application: Application | None
    """None when nothing is configured at the number."""
    status_callback: StatusCallback | None = None
    account_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientEntry:
    """A SIP client of an organization."""

    account_sid: AccountSid
    client_sid: ClientSid
    login: str
    domain: str
    ha1: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Digest algorithm (``MD5``, ``SHA-256``) to H(login:domain:password)."""
    application: Application | None = None
    """What runs on every call that this client makes; None routes by the number called."""
    application_sid: ApplicationSid | None = None
    api_version: str = "2012-04-24"
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPolicy:
    """What was said of an account, or else of the nearest one above it; None where nothing was."""

    domain: str | None = None
    """SIP domain of the account's organization; None when that is closed."""
    max_calls: int | None = None
    calls_per_second: float | None = None
    destinations: tuple[str, ...] | None = None


class Directory(Protocol):
    """Look-ups. Answers within a second or raises; node.py gives the real one, tests a dict."""

    async def number(self, dialled: str, domain: str | None = None) -> NumberRoute | None:
        """The hosted number that was dialled: as given, with and without ``+``."""
        ...

    async def client(self, login: str, domain: str | None = None) -> ClientEntry | None:
        """A client by login, in the organization of ``domain`` (None, an address or an unknown host: the default one)."""
        ...

    async def domain(self, host: str | None = None) -> str | None:
        """The SIP domain of the organization that serves ``host`` (None, an address or an unknown host: the default
        one's), in small letters; None when that is closed.
        """
        ...

    async def lineage(self, account_sid: AccountSid) -> Sequence[AccountSid]:
        """An account, the one above it, and so on up to the administrator's."""
        ...

    async def policy(self, account_sid: AccountSid) -> AccountPolicy:
        """What an account may do; that of an unknown one says nothing."""
        ...
