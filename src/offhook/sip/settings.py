"""Settings of signalling: addresses, RFC 3261 timers, limits."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path

from offhook.sip import stun
from offhook.sip.flow import Transport

DNS_PORT = 53
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s]+|null")
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\.?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """The way to the telephone network; without one, no call goes there."""

    uri: str
    """SIP URI, ``sip:host:port;transport=tcp``."""
    username: str = ""
    """Login for the digest challenges of the gateway; empty: it asks for none."""
    password: str = field(default="", repr=False)
    """Password for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BanSettings:
    """Section ``sip.bans``: what becomes of those who guess passwords. Trusted networks are never banned."""

    failures_of_user: int = 5
    """Wrong passwords for one login from one source, >= 1, after which that source gets 403 for this login, unchecked."""
    failures_of_source: int = 20
    """Wrong passwords from one source, >= 1, after which nothing but its calls in progress is heard."""
    window: float = 300.0
    """Seconds, > 0, within which failures count together."""
    seconds: float = 600.0
    """Seconds of the first ban, > 0; each further one of the same source lasts twice as long."""
    longest: float = 86_400.0
    """Seconds of the longest ban, and after how many without one a source starts anew."""
    known_for: float = 7200.0
    """Seconds that a source from which somebody proved to be a client is no stranger (``sip.strangers_rate``)."""
    max_sources: int = 10_000
    """Sources, and logins from a source, whose failures are remembered, >= 1; whoever failed longest ago is forgotten."""


SCANNERS = ("friendly-scanner", "sipvicious", "sipcli", "sip-scan", "sundayddr", "pplsip", "vaxsipuseragent")
"""Programs that look for open SIP servers, by a part of their User-Agent in small letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """an address to listen on."""

    transport: Transport
    """``udp``, ``tcp``, ``tls``, ``ws`` or ``wss``."""
    listen: tuple[str, int]
    """Address and port; an IPv6 address takes IPv6 only. Port 0 takes a free one."""
    advertise: str = ""
    """Address that Via and Contact carry, and SDP of calls that come or go here; empty: as ``sip.advertise`` says."""

    def __post_init__(self) -> None:
        _check_advertised(self.advertise, "advertise")


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFiles:
    """a certificate for those who ask for one of its names (SNI)."""

    cert: Path
    """PEM certificate chain."""
    key: Path
    """Its PEM private key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SipSettings:
    """Section ``sip``."""

    listen: tuple[str, int] = ("127.0.0.1", 5060)
    """Address and port of UDP and TCP; port 0 takes a free one, the same for both."""
    listen_tls: tuple[str, int] | None = None
    """Address and port of TLS, such as ``0.0.0.0:5061``; empty: no TLS comes in."""
    listen_ws: tuple[str, int] | None = None
    """Address and port of WebSocket without TLS, for a proxy in front that speaks it; empty: none comes in."""
    listen_wss: tuple[str, int] | None = None
    """Address and port of secure WebSocket, besides path ``/sip`` of the API's port; empty: that alone."""
    web_origins: tuple[str, ...] = ()
    """Sites (values of Origin, such as ``https://phone.example.org``) whose pages may open a WebSocket; empty: all, and
    clients that are no browsers, for a password is asked in any case."""
    listeners: tuple[Listener, ...] = ()
    """Further addresses to listen on."""
    advertise: str = ""
    """Address that Via, Contact and SDP carry; empty: the one that routes to the peer. Peers on this machine are told
    loopback in any case."""
    tls_cert: Path | None = None
    """PEM certificate chain for TLS; empty: the certificate of the API."""
    tls_key: Path | None = None
    """PEM private key of ``tls_cert``."""
    certificates: tuple[CertificateFiles, ...] = ()
    """Further certificates, each for those who ask for one of its names."""
    tls_client_ca: Path | None = None
    """PEM file of authorities: who connects may show a certificate of theirs, and is then known by its names."""
    tls_client_required: bool = False
    """Whether who connects must show one."""
    tls_verify: bool = True
    """Whether the certificate of a server that we connect to must be valid and name it."""
    tls_ca: Path | None = None
    """PEM file of the authorities that it must come from; empty: those of the system."""
    tls_reload: float = 60.0
    """Seconds between looks at the certificate files; new ones serve new connections. SIGHUP looks at once; 0 leaves it
    to that."""
    interface: str = ""
    """Name of the interface whose address is advertised where ``advertise`` says none, such as ``eth0``."""
    stun: tuple[str, ...] = ()
    """STUN servers, ``HOST`` or ``HOST:PORT``, that are asked for the address to advertise where nothing else says it: the
    first that answers counts."""
    public_refresh: float = 30.0
    """Seconds, > 0, between two looks at the interface or questions to STUN servers."""
    local_networks: tuple[str, ...] = ()
    """Networks (CIDR) on our side of an address translator: peers there are told the address that routes to them, whatever
    is advertised."""
    domain: str = "localhost"
    """Domain of the first organization: realm and AOR of its clients."""
    gateway: Gateway | None = None
    """The way to the telephone network."""
    digest: tuple[str, ...] = ("MD5",)
    """Digest algorithms offered to clients, the preferred first: ``MD5``, ``SHA-256``. Phones in wide use (libre before
    version 2, so baresip 1.x) give up on a 401 in which SHA-256 stands anywhere, against RFC 8760 section 2.4."""
    digest_qop: tuple[str, ...] = ("auth",)
    """Protection offered to clients: ``auth``, or also ``auth-int``, which covers bodies and breaks behind routers that
    rewrite SDP. Either is accepted."""
    trust: tuple[str, ...] = ()
    """Networks (CIDR) exempt from the limits per source and from bans, whose callers may use names of our domains in From
    without being clients: carriers, an edge proxy, the operator's own."""
    scanners: tuple[str, ...] = SCANNERS
    """Parts of User-Agent values, in any case, whose requests outside of calls get no answer."""
    bans: BanSettings = field(default_factory=BanSettings)
    """What becomes of those who guess passwords."""
    ping_interval: float = 60.0
    """Seconds in which every registered client is asked once with OPTIONS whether it is there, which also keeps the way
    through its router open; 0: none is."""
    ping_misses: int = 3
    """Such questions without any answer, >= 1, after which a client counts as not registered."""
    asserting: tuple[str, ...] = ()
    """Networks (CIDR) of carriers and proxies whose word on who calls is believed: P-Asserted-Identity (RFC 3325), or
    Remote-Party-ID of old gateways. From others, From counts."""
    user_agent: str = "offhook"
    """Value of User-Agent and Server; empty: neither is sent."""

    prack: str = "supported"
    """Reliable provisional responses (RFC 3262): ``never``, ``supported`` (offered, and used for early media with those
    who know them) or ``required`` (of both ends; callers without get 421)."""
    session_expires: int = 1800
    """Seconds, 0 or >= min_se: how long a call holds without a refresh (RFC 4028), which shows that the far end is still
    there; 0 asks for none, and keeps to what the far end asks for."""
    min_se: int = 90
    """Seconds, >= 90: the shortest session that a far end may ask for; shorter ones get 422."""

    t1: float = 0.5
    """Seconds, > 0: round trip estimate (RFC 3261 §17.1.1.1)."""
    t2: float = 4.0
    """Seconds, >= t1: longest retransmit interval of non-INVITE requests and of responses to INVITE."""
    t4: float = 5.0
    """Seconds: longest life of a message in the network."""
    invite_limit: float = 240.0
    """Seconds that our INVITE may stay unanswered after a provisional response, then CANCEL (Timer C is 180 s)."""
    answer_limit: float = 300.0
    """Seconds that an incoming INVITE may wait for our decision, then 480."""
    reply_limit: float = 10.0
    """Seconds that a REGISTER or a re-INVITE may wait for our decision, then 500."""
    hangup_patience: float = 2.0
    """Seconds that a hangup waits for the far end's agreement before it reports ``CallEnded``."""

    transfer: str = "bridge"
    """How calls are transferred: ``bridge`` keeps both sides here and connects them; ``refer`` asks the other side, where it
    allows REFER, to call a client of ours by itself, and connects them here when it does not."""
    refer_limit: float = 300.0
    """Seconds, > 0: that a transfer may take before its NOTIFYs end."""
    min_subscription: int = 60
    """Seconds, >= 1: a subscription for less is refused with 423."""
    subscription_limit: int = 3600
    """Seconds, >= ``min_subscription``: a subscription for more is cut."""
    max_message: int = 8192
    """Bytes, >= 1: the longest body of a MESSAGE; a longer one gets 413."""
    max_subscriptions: int = 20_000
    """Subscriptions of others, transfers among them; more get 503."""

    max_calls: int = 4000
    """Live calls; more get 503."""
    max_transactions: int = 100_000
    """Transactions in memory, with those that only absorb retransmissions; beyond, new requests get 503, then silence."""
    max_lag: float = 0.05
    """Seconds that the event loop may be late three times in a row before new INVITEs get 503. Setting up a call takes
    about ten rounds of the loop, so callers wait ten times as long for the answer."""
    retry_after: int = 2
    """Seconds, the Retry-After of a 503."""
    source_rate: float = 50.0
    """New requests a second that one untrusted source (IPv4 address, IPv6 /64) may send on average; more meet silence."""
    source_burst: int = 200
    """New requests that it may send at once."""
    strangers_rate: float = 200.0
    """New requests a second that all untrusted sources together may send from which nobody proved to be a client lately;
    more meet silence, so that a flood from many addresses leaves time for those who are known."""
    strangers_burst: int = 400
    """New requests that they may send at once."""
    max_sources: int = 10_000
    """Sources remembered for the limit; the least recent is forgotten."""

    max_connections: int = 2000
    """Connections at once, of all transports; for a new one, the idlest of the address that has most is closed."""
    max_connections_per_source: int = 500
    """Connections at once of one untrusted address; for a new one, its idlest is closed."""
    max_handshakes: int = 200
    """Connections at once whose TLS handshake is not over; more are closed as they come. An untrusted address may have a
    quarter of them."""
    max_datagram: int = 1300
    """Bytes of a request beyond which it takes TCP where it would take UDP (RFC 3261 section 18.1.1), and UDP after all
    where TCP is refused or does not answer; 0: never."""
    connect_timeout: float = 5.0
    """Seconds for a connection to open, TLS handshake included, whoever opens it."""
    idle_timeout: float = 3900.0
    """Seconds of silence after which a connection is closed: longer than a registration holds, for it ends with its
    connection."""
    message_timeout: float = 10.0
    """Seconds that the rest of a message may take once its first bytes have come; then the connection is closed."""
    keepalive: float = 30.0
    """Seconds between keep-alives on connections that we opened (RFC 5626 section 3.5.1), and pings on WebSockets; 0 sends
    none."""
    max_unsent: int = 1 << 20
    """Bytes waiting on one connection; beyond, it is closed."""
    nameservers: tuple[str, ...] = ()
    """DNS servers, ``192.0.2.53``, ``192.0.2.53:5353`` or ``[2001:db8::53]:53``; empty: those of the system."""
    resolve_timeout: float = 5.0
    """Seconds to find the servers of a name, with all questions (NAPTR, SRV, A, AAAA); each question has a third."""
    resolve_cache: float = 3600.0
    """Longest that an answer of DNS is used again, seconds; its own time to live counts where that is shorter."""
    flow_timer: int = 120
    """Seconds, > 0: how often devices with several flows to us (RFC 5626) shall show that each still holds."""
    failover_timeout: float = 4.0
    """Seconds, > 0, that a server may be silent before a request goes to the next one of its domain (RFC 3263 §4.3). Without a
    next one it is given 64*T1."""
    failover_memory: float = 30.0
    """Seconds for which a server that did not respond is tried after the others of its domain; 0: each call tries it anew."""
    retry_after_limit: float = 300.0
    """Longest that a server is left alone because it answered 503 with Retry-After, seconds; 0: the header is not heeded."""
    ladder_keep: float = 3600.0
    """Seconds that the SIP messages of a call are kept after its end."""
    ladder_messages: int = 100
    """Messages kept per far end, >= 2; past that those in the middle are dropped, and counted."""
    ladder_bytes: int = 8192
    """Bytes kept of a message."""
    ladder_memory: int = 64 << 20
    """Bytes kept of all messages; past that the calls that ended longest ago are dropped."""
    hep: tuple[str, int] | None = None
    """HOST:PORT of a Homer collector that gets every SIP message by HEP3 over UDP; empty: none does."""
    hep_id: int = 2001
    """Our capture id there, 0 to 4294967295."""
    hep_password: str = field(default="", repr=False)
    """Capture password, where the collector asks for one."""
    hep_backlog: int = 10_000
    """Messages that may wait to be sent to it; past that the oldest is dropped."""
    drain_batch: int = 200
    """Datagrams read at one go before timers and other tasks get their turn."""

    def __post_init__(self) -> None:
        self._check_transports()
        for name, networks in (("trust", self.trust), ("asserting", self.asserting)):
            for network in networks:
                try:
                    ipaddress.ip_network(network, strict=False)
                except ValueError:
                    raise ValueError(f"sip.{name}: {network!r} is not a network; write it like 10.1.0.0/16") from None
        for text in self.nameservers:
            nameserver(text)
        if not self.flow_timer > 0:
            raise ValueError("sip.flow_timer: a number above 0, the seconds between two signs of life")
        if not self.failover_timeout > 0:
            raise ValueError("sip.failover_timeout: a number above 0, or no server is given time to respond")
        if self.prack not in ("never", "supported", "required"):
            raise ValueError(f"sip.prack: {self.prack!r} is none of never, supported, required")
        if self.min_se < 90:
            raise ValueError(f"sip.min_se: {self.min_se} is too short; RFC 4028 allows 90 s and more")
        if self.session_expires and self.session_expires < self.min_se:
            raise ValueError(f"sip.session_expires: {self.session_expires} is shorter than sip.min_se ({self.min_se})")
        if self.transfer not in ("bridge", "refer"):
            raise ValueError(f"sip.transfer: {self.transfer!r} is neither bridge nor refer")
        if self.min_subscription > self.subscription_limit:
            raise ValueError(
                f"sip.min_subscription: {self.min_subscription} s is more than sip.subscription_limit,"
                f" {self.subscription_limit} s"
            )
        if not 0 <= self.hep_id <= 0xFFFFFFFF:
            raise ValueError(f"sip.hep_id {self.hep_id} is not in 0 to 4294967295")
        if self.ladder_messages < 2:
            raise ValueError("sip.ladder_messages must be 2 or more: the first and the last")
        if not self.digest or set(self.digest) - {"MD5", "SHA-256"}:
            raise ValueError(f"sip.digest {', '.join(self.digest) or 'is empty'}: one or both of MD5 and SHA-256")
        if not self.digest_qop or set(self.digest_qop) - {"auth", "auth-int"}:
            raise ValueError(
                f"sip.digest_qop {', '.join(self.digest_qop) or 'is empty'}: one or both of auth and auth-int"
            )

    def _check_transports(self) -> None:
        if not self.public_refresh > 0:
            raise ValueError("sip.public_refresh must be above 0")
        for network in self.local_networks:
            try:
                ipaddress.ip_network(network, strict=False)
            except ValueError:
                raise ValueError(
                    f"sip.local_networks: {network!r} is not a network; write it like 10.1.0.0/16"
                ) from None
        for text in self.stun:
            try:
                stun.server(text)
            except ValueError:
                raise ValueError(f"sip.stun: {text!r} is no server; write it like stun.example.org:3478") from None
        _check_advertised(self.advertise, "sip.advertise")
        for origin in self.web_origins:
            if _ORIGIN.fullmatch(origin) is None:
                raise ValueError(f"sip.web_origins: {origin!r} is no origin; write it like https://phone.example.org")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("sip.tls_cert and sip.tls_key are given together")
        if self.tls_client_required and self.tls_client_ca is None:
            raise ValueError("sip.tls_client_required needs sip.tls_client_ca: whose certificates are good?")

    @property
    def translated(self) -> bool:
        """Whether peers may know us by an address that no interface of ours has."""
        return bool(self.advertise or self.stun) or any(listener.advertise for listener in self.listeners)

    @property
    def further(self) -> tuple[Listener, ...]:
        """What is listened on besides ``listen``."""
        simple = ((Transport.TLS, self.listen_tls), (Transport.WS, self.listen_ws), (Transport.WSS, self.listen_wss))
        named = [Listener(transport=transport, listen=where) for transport, where in simple if where is not None]
        return (*named, *self.listeners)


def _check_advertised(address: str, name: str) -> None:
    if address and not _is_host(address):
        raise ValueError(f"{name}: {address!r} is neither an IP address nor a host name")


def nameserver(text: str) -> tuple[str, int]:
    """Address and port of an item of ``nameservers``. Raises ``ValueError``."""
    bare = text.count(":") > 1 and not text.startswith("[")  # IPv6 without a port
    host, _, port = (text, "", "") if bare else text.partition("]:" if text.startswith("[") else ":")
    try:
        address = ipaddress.ip_address(host.strip("[]"))
        number = int(port) if port else DNS_PORT
    except ValueError:
        number = 0
    if not 0 < number < 65536:
        raise ValueError(f"sip.nameservers: {text!r} is not an address; write it like 192.0.2.53 or 192.0.2.53:53")
    return str(address), number


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return _HOST_NAME.fullmatch(text) is not None
    return True
