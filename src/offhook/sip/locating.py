"""Where a request goes: transport, address and port of the servers that a URI means (RFC 3263 §4).

A procedure without I/O: a generator yields the questions that it has for DNS, is sent the answers, and returns the
destinations in the order in which they are to be tried. What to do when one fails is the business of ``inviting``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from offhook.sip.dns import Answers, Kind, Question, Srv, by_order, by_priority
from offhook.sip.errors import NotLocated
from offhook.sip.flow import Flow, Transport
from offhook.sip.uri import Uri

Search = Generator[tuple[Question, ...], Answers, tuple[Flow, ...]]
"""Asks, is sent answers, returns destinations; raises ``NotLocated``."""

Permits = Callable[[str], bool]
"""Whether a far end out on the public internet may lead us to an address (an IP literal)."""

_MOST: Final = 16
"""Servers, and destinations, beyond which a domain's records are not read: a call does not try so many."""


class _Service(NamedTuple):
    """How DNS names SIP over one transport (RFC 3263 §4.1, RFC 3261 §19.1.2)."""

    naptr: str
    srv: str
    port: int


_SERVICES: Final = {
    Transport.UDP: _Service("SIP+D2U", "_sip._udp", 5060),
    Transport.TCP: _Service("SIP+D2T", "_sip._tcp", 5060),
    Transport.TLS: _Service("SIPS+D2T", "_sips._tcp", 5061),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What we can send by."""

    transports: tuple[Transport, ...]
    """The preferred first: that is the order where neither the URI nor NAPTR records say which."""
    families: tuple[Kind, ...] = (Kind.AAAA, Kind.A)
    """Kinds of addresses, the preferred first."""


class _Server(NamedTuple):
    transport: Transport
    name: str
    port: int


def anywhere(_address: str) -> bool:
    """The rule where there is none."""
    return True


@lru_cache(maxsize=4096)
def is_address(host: str) -> bool:
    """Whether ``host`` is an IP address and needs no resolving."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def locate(uri: Uri, reach: Reach, random_bits: Callable[[int], int]) -> Search:
    """The destinations of a request whose next hop is ``uri``: the first Route, else the Request-URI."""
    if not uri.is_sip or not uri.host:
        raise NotLocated(f"{str(uri)[:80]} names no SIP server")
    host = (uri.parameters.get("maddr") or uri.address).strip("[]").lower().rstrip(".")
    transports = _acceptable(uri, reach)
    default = transports[0]  # where neither the URI nor DNS says which: UDP, or TLS for sips (§4.1)
    port = uri.port or _SERVICES[default].port
    servers: list[_Server] = []
    if uri.port is None and not is_address(host):
        if uri.transport is not None:
            services = _conventional(host, [default])
        else:
            by_preference = [transport for transport in reach.transports if transport in transports]
            services = (yield from _offered(host, transports)) or _conventional(host, by_preference)
        servers = yield from _serving(services, random_bits)
    found = yield from _addresses(servers or [_Server(default, host, port)], reach.families, host)
    if not found:
        raise NotLocated(f"{host} has no address that can be reached from here")
    return found


def _conventional(host: str, transports: Sequence[Transport]) -> list[tuple[Transport, str]]:
    """The names under which SRV records stand when no NAPTR record says so."""
    return [(transport, f"{_SERVICES[transport].srv}.{host}") for transport in transports]


def _acceptable(uri: Uri, reach: Reach) -> list[Transport]:
    """Which transports may carry a request to ``uri``, the one to take without any advice first. Never empty."""
    asked = Transport.asked(uri.scheme, uri.transport)
    any_will_do = uri.scheme == "sip" and uri.transport is None
    found = [one for one in (_SERVICES if any_will_do else (asked,)) if one in reach.transports and one in _SERVICES]
    if not found:
        raise NotLocated(f"no transport of ours leads to {str(uri)[:80]}")
    return found


def _offered(
    host: str, transports: Sequence[Transport]
) -> Generator[tuple[Question, ...], Answers, list[tuple[Transport, str]]]:
    """Transports that the domain offers and we speak, each with the name of its SRV records, by NAPTR (§4.1)."""
    question = Question(host, Kind.NAPTR)
    answers = yield (question,)
    spoken = {_SERVICES[transport].naptr: transport for transport in transports}
    return [
        (spoken[record.service.upper()], record.replacement)
        for record in by_order(answers.get(question, ()))
        if record.flags.lower() == "s" and record.service.upper() in spoken and record.replacement
    ][:_MOST]


def _serving(
    services: Sequence[tuple[Transport, str]], random_bits: Callable[[int], int]
) -> Generator[tuple[Question, ...], Answers, list[_Server]]:
    """The servers of these services in order, by SRV (§4.2); none when there are no such records."""
    questions = [Question(name, Kind.SRV) for _, name in services]
    answers = yield tuple(dict.fromkeys(questions))
    servers: list[_Server] = []
    refused = False
    for (transport, _), question in zip(services, questions, strict=True):
        for record in by_priority(answers.get(question, ()), random_bits):
            refused = refused or not record.target
            servers += _server(transport, record)
    if refused and not servers:
        raise NotLocated(f"{services[0][1]} says that there is no such service")
    return servers[:_MOST]


def _server(transport: Transport, record: Srv) -> list[_Server]:
    return [_Server(transport, record.target, record.port)] if record.target and record.port else []


def _addresses(servers: Sequence[_Server], families: Sequence[Kind], domain: str) -> Search:
    """Every address of every server, in order. Its certificate must name the domain that was asked for, whatever DNS calls
    the server (RFC 5922 §4).
    """
    names = dict.fromkeys(server.name for server in servers if not is_address(server.name))
    answers: Answers = {}
    if names:
        answers = yield tuple(Question(name, family) for name in names for family in families)
    found: list[Flow] = []
    for transport, name, port in servers:
        if is_address(name):
            found.append(_flow(transport, name, port, domain))
            continue
        for family in families:
            records = answers.get(Question(name, family), ())
            found += [_flow(transport, address, port, domain) for address in records if isinstance(address, str)]
    return tuple(dict.fromkeys(found))[:_MOST]


def _flow(transport: Transport, address: str, port: int, domain: str) -> Flow:
    return Flow(transport, address, port, name=domain if transport.secure and address != domain else "")
