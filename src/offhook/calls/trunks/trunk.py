"""A trunk: the gateways of one carrier or telephone system, and how calls are handed to it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NewType

from offhook.calls.trunks.rewriting import NumberRules
from offhook.media.srtp import SrtpPolicy
from offhook.security.digest import ha1_of_every_algorithm
from offhook.sip.codecs import CODECS
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.flow import Transport
from offhook.sip.uri import Uri
from offhook.vocabulary.sids import AccountSid

TrunkKey = NewType("TrunkKey", str)
"""Names a trunk within a node: its sid, or ``config:NAME``."""

MOST_GATEWAYS: Final = 20
"""Of one trunk."""


class CallerHeader(StrEnum):
    """Where the caller's number stands besides From."""

    NONE = "none"
    ASSERTED = "P-Asserted-Identity"
    PREFERRED = "P-Preferred-Identity"
    REMOTE_PARTY = "Remote-Party-ID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """One place where a trunk takes calls."""

    uri: str
    """``sip:host:port;transport=tcp``; without a user part."""
    priority: int = 10
    """0 to 65535; the lowest is tried first."""
    weight: int = 10
    """0 to 65535: the share of calls among gateways of one priority."""
    enabled: bool = True

    def __post_init__(self) -> None:
        gateway_uri(self.uri)
        for name, value in (("priority", self.priority), ("weight", self.weight)):
            if not 0 <= value <= 65_535:
                raise ValueError(f"the {name} {value} of {self.uri} must be 0 to 65535")

    @property
    def host(self) -> str:
        """Without brackets."""
        return gateway_uri(self.uri).address


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """As whom calls are handed over."""

    from_user: str = ""
    """User part of From; empty: the caller's number."""
    from_domain: str = ""
    """Host of From; empty: our own address; ``gateway``: that of the gateway."""
    caller_header: CallerHeader = CallerHeader.NONE
    contact_user: str = ""
    """User part of Contact; empty: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probing:
    """How the health of gateways is watched."""

    interval: float = 30.0
    """Seconds between two OPTIONS; 0: none are sent."""
    timeout: float = 4.0
    """Seconds after which an OPTIONS counts as unanswered."""
    down_after: int = 2
    """Failures in a row, >= 1, of OPTIONS or calls, after which a gateway is taken out."""
    up_after: int = 1
    """Answers in a row, >= 1, after which it returns."""
    retry_interval: float = 30.0
    """Seconds until a gateway that is down is tried with a call, where its answers to OPTIONS do not show that it is up again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """By what a call that comes in is known to come from a trunk: any of it is enough."""

    networks: tuple[str, ...] = ()
    """Source addresses, CIDR."""
    certificates: tuple[str, ...] = ()
    """Names in the certificate that the peer showed over TLS."""
    username: str = ""
    """Login with which the peer answers our digest challenge."""
    ha1: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Digest algorithm to H(username:domain:password); empty: ``password`` holds in every domain."""
    password: str = field(default="", repr=False)

    @property
    def by_password_alone(self) -> bool:
        """Whether nothing but its password tells its calls from those of strangers."""
        return bool(self.username) and not self.networks and not self.certificates

    def secrets(self, domain: str) -> Mapping[str, str]:
        """Digest algorithm to H(username:domain:password), for a challenge in ``domain``."""
        return self.ha1 or (ha1_of_every_algorithm(self.username, domain, self.password) if self.password else {})

    def __post_init__(self) -> None:
        for network in self.networks:
            try:
                ipaddress.ip_network(network, strict=False)
            except ValueError:
                raise ValueError(f"{network[:80]!r} is not a network; write it like 192.0.2.0/24") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """One trunk. Frozen: a change makes a new one, and what is known of its gateways' health goes on."""

    key: TrunkKey
    name: str
    account_sid: AccountSid | None = None
    """Whose it is; None: the node's own, for every account."""
    domain: str = ""
    """SIP domain of its account's organization, where its numbers are; empty: the one that is called."""
    enabled: bool = True
    gateways: tuple[Gateway, ...] = ()
    username: str = ""
    """Login for the digest challenges of the gateways; empty: they ask for none."""
    password: str = field(default="", repr=False)
    presentation: Presentation = field(default_factory=Presentation)
    outbound: NumberRules = field(default_factory=NumberRules)
    """What happens to numbers of calls that go out by it."""
    inbound: NumberRules = field(default_factory=NumberRules)
    """What happens to numbers of calls that come in by it."""
    codecs: tuple[str, ...] = ()
    """Codecs to offer, the preferred one first; empty: all, in the engine's order."""
    srtp: SrtpPolicy | None = None
    """Whether media is enciphered; None: as ``media.srtp`` says."""
    max_calls: int = 0
    """Calls at once, in both directions; 0: no limit."""
    calls_per_second: float = 0.0
    """Calls of ours begun in a second, on average; 0: no limit."""
    response_timeout: float = 4.0
    """Seconds, > 0: for the first response of a gateway; then the next one is tried."""
    progress_timeout: float = 12.0
    """Seconds, > 0: from a 100 of a gateway to its first word about the callee; then the next one is tried. With the last one a
    call waits as long as it may ring."""
    probing: Probing = field(default_factory=Probing)
    register_expires: int | None = None
    """Seconds for which we register at its gateways; None: we do not register."""
    recognition: Recognition = field(default_factory=Recognition)

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > 256:
            raise ValueError("a trunk needs a name of at most 256 characters")
        if len(self.gateways) > MOST_GATEWAYS:
            raise ValueError(f"trunk {self.name!r} has more than {MOST_GATEWAYS} gateways")
        unknown = [codec for codec in self.codecs if codec not in CODECS]
        if unknown:
            raise ValueError(f"trunk {self.name!r}: the codec {unknown[0]!r} is not one of {', '.join(CODECS)}")
        if self.max_calls < 0 or self.calls_per_second < 0:
            raise ValueError(f"trunk {self.name!r}: a limit must be 0 (none) or more")
        if not 0 < self.response_timeout <= 32:
            raise ValueError(f"trunk {self.name!r}: the response time-out must be more than 0 and at most 32 s")
        if not 0 < self.progress_timeout <= 180:
            raise ValueError(f"trunk {self.name!r}: the progress time-out must be more than 0 and at most 180 s")
        if self.register_expires is not None and not 60 <= self.register_expires <= 86_400:
            raise ValueError(f"trunk {self.name!r}: a registration lasts 60 to 86400 s")
        if self.register_expires is not None and not self.username:
            raise ValueError(f"trunk {self.name!r}: to register it needs a username")


def gateway_uri(text: str) -> Uri:
    """The URI of a gateway. Raises ``ValueError`` with a sentence."""
    try:
        uri = Uri.parse(text.strip())
    except RemoteProtocolError as error:
        raise ValueError(f"the gateway {text[:120]!r} is no SIP URI: {error}") from None
    if uri.scheme not in ("sip", "sips") or not uri.host or uri.user:
        raise ValueError(f"the gateway {text[:120]!r} must read like sip:host:port;transport=tcp, without a user")
    if uri.transport not in ("", None, *Transport):
        raise ValueError(f"the gateway {text[:120]!r} asks for a transport that is none of {', '.join(Transport)}")
    return uri
