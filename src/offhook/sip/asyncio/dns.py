"""Asks DNS servers, by dnspython: the system's, or those of the settings. It remembers nothing; ``resolver`` does."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from offhook.sip.dns import Kind, Naptr, Question, Record, Srv
from offhook.sip.settings import DNS_PORT, SipSettings, nameserver

if TYPE_CHECKING:
    import dns.asyncresolver
    import dns.message


class DnsFailed(OSError):
    """No server gave an answer, not even that there is none."""


class Answer(NamedTuple):
    """What a server said; no records when there are none."""

    records: tuple[Record, ...]
    ttl: float
    """Seconds for which it may be used again, also when it is empty (RFC 2308)."""


class DnsClient:
    """Questions and answers over UDP, and TCP where an answer is long."""

    def __init__(self, settings: SipSettings) -> None:
        self._nameservers = [nameserver(text) for text in settings.nameservers]
        self._lifetime = settings.resolve_timeout / 3
        """Seconds for one question: a search asks up to three in turn."""
        self._resolver: dns.asyncresolver.Resolver | None = None

    async def ask(self, question: Question) -> Answer:
        """Raises ``DnsFailed``."""
        if self._resolver is None:
            self._resolver = await self._opened()
        import dns.exception  # noqa: PLC0415 - see ``_opened``
        import dns.resolver  # noqa: PLC0415

        try:
            found = await self._resolver.resolve(
                question.name, question.kind.value, raise_on_no_answer=False, search=not self._nameservers
            )
        except dns.resolver.NXDOMAIN as error:
            responses: Mapping[Any, dns.message.Message] = error.responses()  # type: ignore[no-untyped-call]
            return Answer((), min((_negative_ttl(response) for response in responses.values()), default=0.0))
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            raise DnsFailed(f"{question.kind} of {question.name[:80]}: {error}") from error
        records = tuple(_record(question.kind, data) for data in found.rrset or ())
        return Answer(records, float(found.chaining_result.minimum_ttl))

    async def _opened(self) -> dns.asyncresolver.Resolver:
        # A tenth of a second of reading modules, which a server that only meets addresses never needs.
        await asyncio.to_thread(importlib.import_module, "dns.asyncresolver")
        return self._configured()

    def _configured(self) -> dns.asyncresolver.Resolver:
        import dns.asyncresolver  # noqa: PLC0415 - see ``_opened``
        import dns.resolver  # noqa: PLC0415

        try:
            resolver = dns.asyncresolver.Resolver(configure=not self._nameservers)
        except dns.resolver.NoResolverConfiguration:
            resolver = dns.asyncresolver.Resolver(configure=False)  # every question fails and says so
        if self._nameservers:
            resolver.nameservers = [host for host, _ in self._nameservers]
            resolver.nameserver_ports = {host: port or DNS_PORT for host, port in self._nameservers}
        resolver.lifetime = self._lifetime
        resolver.timeout = self._lifetime / 2  # a lost datagram is asked again
        return resolver


def _negative_ttl(response: dns.message.Message) -> float:
    import dns.message  # noqa: PLC0415 - see ``DnsClient._opened``

    assert isinstance(response, dns.message.QueryMessage)
    return float(response.resolve_chaining().minimum_ttl)


def _record(kind: Kind, data: Any) -> Record:
    match kind:
        case Kind.NAPTR:
            return Naptr(
                order=data.order,
                preference=data.preference,
                flags=data.flags.decode("ascii", "replace"),
                service=data.service.decode("ascii", "replace"),
                replacement=_name(data.replacement),
            )
        case Kind.SRV:
            return Srv(priority=data.priority, weight=data.weight, port=data.port, target=_name(data.target))
        case Kind.A | Kind.AAAA:
            return str(data.address)


def _name(name: Any) -> str:
    return str(name.to_text(omit_final_dot=True)).lower().rstrip(".")
