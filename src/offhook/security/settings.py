"""Settings of what guards the house."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressSettings:
    """Where requests that a tenant's URL causes may go."""

    allow: tuple[str, ...] = ()
    """Networks (CIDR, IPv4 or IPv6) that may be requested besides the public internet, such as ``10.1.0.0/16``."""
    sip: tuple[str, ...] = ()
    """Networks that may be rung by SIP URI (``<Sip>``, ``To`` of the API) besides those and the public internet. Clients and
    trunks are rung wherever they are. Into other networks than these, the Contact and routes of a far end out on the public
    internet do not lead requests of ours: they go the way by which it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordSettings:
    """Cost of one argon2id hash; the defaults are those of RFC 9106 for servers with little memory to spare."""

    memory: int = 65_536
    """KiB, 8192..4194304."""
    passes: int = 3
    """1..16."""
    lanes: int = 4
    """1..16."""
    at_once: int = 2
    """Hashes computed at the same time, 1..64; more wait."""
    wait: float = 10.0
    """Seconds until a hash must be there, 1..60."""
