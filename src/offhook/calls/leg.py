"""The port to one far end: signalling and media together. ``legs.sip`` implements it; nothing else in calls knows SIP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from offhook.media.session import MediaSession


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRinging:
    """The far end alerts; ``early_media`` when it already sends audio (183 with SDP)."""

    early_media: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LegAnswered:
    """The far end picked up and media is connected."""

    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LegDigit:
    """A key that came by signalling (SIP INFO); keys in RTP come from the media session."""

    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegEnded:
    """The leg is over, whoever ended it; nothing follows."""

    by_far_end: bool
    sip_code: int | None = None
    """Final response to our INVITE, or what we answered to theirs; None after a BYE."""
    reason: str = ""
    """In plain words."""
    headers: Mapping[str, str] = field(default_factory=dict)


LegEvent = LegRinging | LegAnswered | LegDigit | LegEnded


class Leg(Protocol):
    """One far end. Methods are idempotent; after ``LegEnded`` they do nothing."""

    @property
    def media(self) -> MediaSession:
        """Audio of this leg; usable once answered (or with early media)."""
        ...

    def listen(self, listener: Callable[[LegEvent], None]) -> None:
        """Name the one listener; called on the loop, in order."""
        ...

    async def ring(self) -> None:
        """Tell an incoming caller that we alert (180)."""
        ...

    async def answer(self) -> None:
        """Accept an incoming call: opens media, negotiates, sends 200. Raises ``LegFailed`` when it cannot."""
        ...

    async def refuse(self, sip_code: int, reason: str) -> None:
        """End an incoming call that was not answered (a 4xx-6xx response)."""
        ...

    async def hangup(self, reason: str = "") -> None:
        """End the leg in whatever state: CANCEL, BYE or a 4xx; returns when signalling and media are closed."""
        ...


class LegFailed(Exception):
    """A leg could not be set up; the message says why and, where there is one, ``sip_code`` holds the status."""

    def __init__(self, message: str, sip_code: int | None = None) -> None:
        super().__init__(message)
        self.sip_code = sip_code
