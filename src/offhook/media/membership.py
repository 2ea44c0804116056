"""What a member of a room may, and how it is heard: the part of ``Join`` and ``ChangeMember`` that changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    from offhook.media.commands import SessionId

RoomId = NewType("RoomId", int)
"""One room of a conference. 1..2**63-1, chosen by the sender."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Somebody hears all others and is heard by all, unless said otherwise."""

    muted: bool = False
    """Nobody hears it."""
    deaf: bool = False
    """It hears nobody, but is sent silence."""
    coaches: SessionId | None = None
    """Whom alone it is heard by; it hears everybody."""
    gain: float = 0.0
    """dB by which it is louder than it came, -40..20."""
    level: bool = False
    """Bring a loud or a quiet line slowly to ordinary loudness, by at most 15 dB."""
    reports: bool = False
    """Tell by ``SpeakingChanged`` when it begins and stops to speak."""
