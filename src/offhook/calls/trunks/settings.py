"""Trunks and routes as ``offhook.toml`` gives them: ``[[trunks]]`` and ``[[routes]]``. Accounts make theirs through the API."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from offhook.calls.trunks.book import TrunkBook
from offhook.calls.trunks.patterns import NumberPattern
from offhook.calls.trunks.rewriting import NumberRules, rules_of
from offhook.calls.trunks.routes import TrunkRoute
from offhook.calls.trunks.text import caller_header_of, gateway_of, srtp_of
from offhook.calls.trunks.trunk import Gateway, Presentation, Probing, Recognition, Trunk, TrunkKey
from offhook.sip.settings import Gateway as SimpleGateway


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkSettings:
    """One ``[[trunks]]``: for the calls of every account."""

    name: str
    """By which routes name it."""
    gateways: tuple[str, ...] = ()
    """SIP URIs without a user, each with an optional priority (lowest first) and weight:
    ``sip:gw.example.net;transport=tcp priority=10 weight=50``."""
    username: str = ""
    """Login for the digest challenges of the gateways; empty: they ask for none."""
    password: str = field(default="", repr=False)
    """Password for it."""
    register: bool = False
    """Whether we register at its gateways, as ``username`` with ``password``, so that it finds us."""
    register_expires: int = 600
    """Seconds for which we register, 60 to 86400."""
    from_user: str = ""
    """User part of From; empty: the caller's number."""
    from_domain: str = ""
    """Host of From; empty: our own address; ``gateway``: that of the gateway."""
    caller_header: str = "none"
    """Where the caller's number stands besides From: ``P-Asserted-Identity``, ``P-Preferred-Identity``, ``Remote-Party-ID``."""
    contact_user: str = ""
    """User part of Contact; empty: none."""
    outbound_called: tuple[str, ...] = ()
    """Rules for the number called, ``PATTERN => REPLACEMENT``: a prefix, or a regular expression that begins with ``^``."""
    outbound_caller: tuple[str, ...] = ()
    """Rules for the caller's number."""
    inbound_called: tuple[str, ...] = ()
    """Rules for the number called, of calls that come in by it."""
    inbound_caller: tuple[str, ...] = ()
    """Rules for the caller's number, of calls that come in by it."""
    codecs: tuple[str, ...] = ()
    """Codecs to offer, the preferred one first: as in ``media.codecs``; empty: those."""
    srtp: str = ""
    """Whether media is enciphered: ``off``, ``optional``, ``required``; empty: as ``media.srtp`` says."""
    max_calls: int = 0
    """Calls at once, in both directions; 0: no limit."""
    calls_per_second: float = 0.0
    """Calls of ours begun in a second, on average; 0: no limit."""
    response_timeout: float = 4.0
    """Seconds, > 0, for the first response of a gateway; then the next one is tried."""
    progress_timeout: float = 12.0
    """Seconds, > 0, from a 100 of a gateway to ringing or a final response; then the next one is tried, where there is one."""
    options_interval: float = 30.0
    """Seconds between two OPTIONS to a gateway; 0: none are sent."""
    options_timeout: float = 4.0
    """Seconds after which an OPTIONS counts as unanswered."""
    down_after: int = 2
    """Failures in a row after which a gateway is taken out."""
    up_after: int = 1
    """Answers in a row after which it returns."""
    retry_interval: float = 30.0
    """Seconds until a gateway that is down is tried with a call, where OPTIONS do not show whether it takes calls again: when it
    gets none, and when it answered them and took no calls all the same."""
    networks: tuple[str, ...] = ()
    """Source addresses (CIDR) from which its calls come."""
    certificates: tuple[str, ...] = ()
    """Names in the client certificate by which its calls are known over TLS."""
    inbound_username: str = ""
    """Login with which it proves its calls to us (digest)."""
    inbound_password: str = field(default="", repr=False)
    """Password for it; both or neither."""

    def __post_init__(self) -> None:
        if bool(self.inbound_username) != bool(self.inbound_password):
            raise ValueError(f"trunk {self.name!r}: inbound_username and inbound_password are given together")
        self.trunk()

    def trunk(self) -> Trunk:
        """The trunk. Raises ``ValueError``."""
        return Trunk(
            key=TrunkKey(f"config:{self.name}"),
            name=self.name,
            gateways=tuple(gateway_of(text) for text in self.gateways),
            username=self.username,
            password=self.password,
            register_expires=self.register_expires if self.register else None,
            presentation=Presentation(
                from_user=self.from_user,
                from_domain=self.from_domain,
                caller_header=caller_header_of(self.caller_header),
                contact_user=self.contact_user,
            ),
            outbound=NumberRules(called=rules_of(self.outbound_called), caller=rules_of(self.outbound_caller)),
            inbound=NumberRules(called=rules_of(self.inbound_called), caller=rules_of(self.inbound_caller)),
            codecs=self.codecs,
            srtp=srtp_of(self.srtp),
            max_calls=self.max_calls,
            calls_per_second=self.calls_per_second,
            response_timeout=self.response_timeout,
            progress_timeout=self.progress_timeout,
            probing=Probing(
                interval=self.options_interval,
                timeout=self.options_timeout,
                down_after=self.down_after,
                up_after=self.up_after,
                retry_interval=self.retry_interval,
            ),
            recognition=Recognition(
                networks=self.networks,
                certificates=self.certificates,
                username=self.inbound_username,
                password=self.inbound_password,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSettings:
    """One ``[[routes]]``: which trunks a number takes."""

    pattern: str = ""
    """A prefix (the longest counts), or a regular expression that begins with ``^`` (goes before prefixes); empty: all numbers."""
    trunks: tuple[str, ...] = ()
    """Names of trunks, the first choice first; empty: such numbers are not called."""
    priority: int = 10
    """Among expressions that cover a number the lowest counts."""

    def __post_init__(self) -> None:
        self.route()

    def route(self) -> TrunkRoute:
        """The route. Raises ``ValueError``."""
        return TrunkRoute(pattern=NumberPattern.parse(self.pattern), trunks=self.trunks, priority=self.priority)


def configured(
    trunks: Iterable[TrunkSettings], routes: Iterable[RouteSettings], gateway: SimpleGateway | None
) -> TrunkBook:
    """The node's own book; ``gateway`` (``sip.gateway``) is the short form of a trunk, named ``gateway``."""
    own = [one.trunk() for one in trunks]
    if gateway is not None:
        own.append(
            Trunk(
                key=TrunkKey("config:gateway"),
                name="gateway",
                gateways=(Gateway(uri=gateway.uri),),
                username=gateway.username,
                password=gateway.password,
            )
        )
    return TrunkBook.of(own, [route.route() for route in routes])
