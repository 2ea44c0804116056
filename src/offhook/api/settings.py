"""Settings of the REST API."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_ORIGIN: Final = re.compile(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")

_ICE_SERVER: Final = re.compile(
    r"(stun|turn)s?:([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(\?transport=(udp|tcp))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """Where the API listens, with which certificate, and what it accepts."""

    host: str = "127.0.0.1"
    """Address to listen on; loopback unless told otherwise."""
    port: int = 8443
    """TCP port, 0-65535; 0 takes a free one."""
    public_url: str = ""
    """Origin that applications are told for recordings, such as ``https://voice.example.org``; empty: the address that is
    listened on, which serves applications on this machine only when that is loopback or all addresses."""
    tls_cert: Path | None = None
    """PEM certificate chain; None uses the local certificate authority."""
    tls_key: Path | None = None
    """PEM private key of ``tls_cert``."""
    tls_names: tuple[str, ...] = ()
    """Host names and addresses in the local certificate besides localhost, the loopback addresses and this host's name."""
    tls_renew_before: float = 30 * 86_400.0
    """Seconds before its end at which the local certificate is made anew (at start-up), 1 hour to 300 days."""
    head_timeout: float = 10.0
    """Seconds that the head of a request may take from the connection, or from its first byte, on, 0.1-60. As long the
    server waits for a client to read on, for the rest of a body that is refused, and for the turn of a pipelined request."""
    head_limit: int = 131_072
    """Bytes that may arrive before the head of a request, or its trailers, are complete, 8 KiB to 1 MiB."""
    body_limit: int = 1_048_576
    """Bytes of request body accepted, 1 KiB to 10 MB."""
    document_limit: int = 65_536
    """Characters of an inline document (``Twiml``, ``Rcml``) accepted."""
    request_timeout: float = 30.0
    """Seconds that a request may take, its body included; media and event streams are exempt once they have begun."""
    keep_alive: float = 15.0
    """Seconds that an idle connection stays open."""
    connections: int = 1_000
    """Connections and requests at once; what is beyond gets a 503."""
    drain: float = 5.0
    """Seconds that requests in progress get to finish when the server stops."""
    login_failures: int = 10
    """Failed logins per source address within ``login_window`` before the source gets a 429."""
    login_window: float = 60.0
    """Seconds."""
    login_sources: int = 10_000
    """Source addresses remembered; past that the one idle for longest is forgotten."""
    page_size: int = 50
    """Records per page unless the client says, 1-1000."""
    page_limit: int = 1_000
    """Most records per page."""
    stream_backlog: int = 256
    """Events of one call that are kept for event streams; past that the oldest are dropped, and the stream says so."""
    stream_calls: int = 20_000
    """Calls whose events are kept; past that the oldest call's are dropped."""
    stream_linger: float = 30.0
    """Seconds that the events of an ended call are kept."""
    stream_heartbeat: float = 15.0
    """Seconds of silence after which an event stream sends a comment, so that proxies keep it open."""
    streams: int = 200
    """Event streams at once; what is beyond gets a 429."""
    turn_urls: tuple[str, ...] = ()
    """STUN and TURN servers for browsers, such as ``turn:turn.example.org:3478,turns:turn.example.org:5349?transport=tcp``; they are told
    by ``POST …/Tokens``."""
    turn_secret: str = field(default="", repr=False)
    """Secret shared with those relays (coturn: ``use-auth-secret`` and ``static-auth-secret``)."""
    turn_ttl: int = 86_400
    """Seconds for which credentials for the relays are good at most, 60..604800."""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise ValueError(f"api.port {self.port} is no port; 0-65535")
        if not 1 <= self.page_size <= self.page_limit:
            raise ValueError(f"api.page_size {self.page_size} is not in 1 to page_limit, {self.page_limit}")
        if self.connections < 1:
            raise ValueError("api.connections must be 1 or more")
        if self.public_url and _ORIGIN.fullmatch(self.public_url) is None:
            raise ValueError(
                f"api.public_url {self.public_url!r} is no origin; write it like https://voice.example.org"
            )

        if wrong := [url for url in self.turn_urls if _ICE_SERVER.fullmatch(url) is None]:
            raise ValueError(
                f"api.turn_urls {wrong[0]!r} is none of stun:HOST[:PORT] and turn:HOST[:PORT][?transport=tcp]"
            )
        if not self.turn_secret and any(url.startswith("turn") for url in self.turn_urls):
            raise ValueError(
                "api.turn_urls names a relay, so api.turn_secret must be the secret that it shares with us"
            )
        if not 60 <= self.turn_ttl <= 604_800:
            raise ValueError(f"api.turn_ttl {self.turn_ttl} is not in 60..604800")

    @property
    def origin(self) -> str:
        """Scheme, host and port by which the API is found, as far as the settings tell."""
        return self.public_url or origin(self.host, self.port)


def origin(host: str, port: int) -> str:
    """``https://host:port`` of a listener; all addresses are found by loopback, on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared with, not bound to
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
