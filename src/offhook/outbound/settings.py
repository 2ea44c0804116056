"""Settings of requests to tenants' web servers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundSettings:
    """Limits of one request, and of all together."""

    connect: float = 5.0
    """Seconds to resolve, connect and shake hands, 0.1..30."""
    read: float = 15.0
    """Seconds between two pieces of a response, 0.1..60."""
    total: float = 15.0
    """Seconds for the whole exchange, redirects included, 0.1..120."""
    redirects: int = 5
    """Followed at most, 0..20."""
    connections: int = 1000
    """Open at the same time at most, 1..65535."""
    connections_per_host: int = 250
    """To one host and port, 1..65535; more requests wait, within their time. A host that takes a second to answer can have
    this many new calls a second."""
    keep_alive: float = 30.0
    """Seconds that an idle connection is kept, 0..300."""
    ca_file: str = ""
    """PEM file of certificate authorities to trust besides the system's."""
