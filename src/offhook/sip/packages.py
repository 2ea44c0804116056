"""What one can subscribe to, and what a NOTIFY says of it: the words of RFC 6665."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Self

from offhook.sip import grammar
from offhook.sip.errors import RemoteProtocolError

PACKAGES: Final = ("dialog", "presence", "message-summary")
"""Event packages of states that clients may subscribe to; ``refer`` is subscribed to by REFER only."""

Render = Callable[[int], bytes]
"""Makes the body of a NOTIFY; its argument counts the bodies of one subscription from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventName:
    """What a subscription is about: an Event value."""

    package: str
    """Lower case: ``refer``, ``dialog``, ``presence``, ``message-summary``."""
    id: str | None = None

    @classmethod
    def parse(cls, text: str | None) -> Self:
        """Read an Event value. Raises ``RemoteProtocolError``: 489 where there is none (RFC 6665 section 7.2)."""
        package, semicolon, rest = (text or "").partition(";")
        package = package.strip().lower()
        if not grammar.is_token(package):
            raise RemoteProtocolError("there is no event package in Event", 489)
        name = grammar.parse_parameters(semicolon + rest).get("id")
        if name is not None and not grammar.is_token(name):
            raise RemoteProtocolError("the id of Event is no token")
        return cls(package=package, id=name)

    def __str__(self) -> str:
        return self.package if self.id is None else f"{self.package};id={self.id}"


class Termination(Enum):
    """Why a subscription ends; the value is the reason parameter of Subscription-State (RFC 6665 section 4.1.3)."""

    NORESOURCE = "noresource"
    """There is nothing to tell of any more: the referred call was answered or failed."""
    TIMEOUT = "timeout"
    """Its time is over, or the subscriber ended it."""
    DEACTIVATED = "deactivated"
    """The subscriber should subscribe anew at once."""
