"""Sids: the identifiers of every resource, two letters and 32 hexadecimal digits.

The digits hold the time (so that sids sort by creation), the node and randomness; no secret is derived from a sid.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NewType, Self

from offhook.vocabulary.clock import Clock

AccountSid = NewType("AccountSid", str)
OrganizationSid = NewType("OrganizationSid", str)
CallSid = NewType("CallSid", str)
ConferenceSid = NewType("ConferenceSid", str)
NumberSid = NewType("NumberSid", str)
ApplicationSid = NewType("ApplicationSid", str)
ClientSid = NewType("ClientSid", str)
RecordingSid = NewType("RecordingSid", str)
NotificationSid = NewType("NotificationSid", str)

PREFIXES: Final = {
    "account": "AC",
    "organization": "OR",
    "call": "CA",
    "conference": "CF",
    "number": "PN",
    "application": "AP",
    "client": "CL",
    "recording": "RE",
    "notification": "NO",
    "delivery": "WD",
    "trunk": "TK",
    "gateway": "OU",
    "route": "RT",
    "key": "SK",
}
"""Resource kind to the two letters that its sids begin with."""

_PATTERN: Final = re.compile(r"[A-Z]{2}[0-9a-f]{32}")


class SidSource:
    """Makes sids: 48 bits of milliseconds since the epoch, 16 bits of node, 64 random bits.

    ``now_ms`` and ``random_bits(n)`` are handed in, so that tests get the same sids every time.
    """

    def __init__(self, *, now_ms: Callable[[], int], random_bits: Callable[[int], int], node: int = 0) -> None:
        if not 0 <= node < 1 << 16:
            raise ValueError(f"node must be 0..65535, not {node}")
        self._now_ms = now_ms
        self._random_bits = random_bits
        self._node = node

    @classmethod
    def of(cls, clock: Clock, random_bits: Callable[[int], int], *, node: int) -> Self:
        """By the wall time of ``clock``."""
        return cls(now_ms=lambda: int(clock.utc().timestamp() * 1000), random_bits=random_bits, node=node)

    def __call__(self, kind: str) -> str:
        """A new sid of ``kind``, one of the keys of ``PREFIXES``."""
        time_part = self._now_ms() & 0xFFFFFFFFFFFF
        return f"{PREFIXES[kind]}{time_part:012x}{self._node:04x}{self._random_bits(64):016x}"


def is_sid(text: str, kind: str | None = None) -> bool:
    """Whether ``text`` has the form of a sid, of ``kind`` if one is named."""
    if _PATTERN.fullmatch(text) is None:
        return False
    return kind is None or text.startswith(PREFIXES[kind])
