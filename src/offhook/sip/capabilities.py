"""What this user agent can do, as it says so of itself: methods, extensions and bodies (RFC 3261 §20.1, §20.5, §20.37)."""

from __future__ import annotations

from typing import Final

from offhook.sip.settings import SipSettings

METHODS: Final = (
    "INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "REGISTER", "PRACK", "UPDATE", "REFER", "NOTIFY", "SUBSCRIBE",
    "MESSAGE",
)  # fmt: skip
ALLOW: Final = ", ".join(METHODS)
SDP: Final = "application/sdp"
ACCEPT: Final = f"{SDP}, application/dtmf-relay, application/dtmf"
SDP_TYPES: Final = ("", SDP, "multipart/mixed", "multipart/alternative", "multipart/related")
"""Content types in which an offer or an answer may come."""

RELIABLE: Final = "100rel"
TIMER: Final = "timer"
_ALWAYS: Final = (TIMER, "replaces", "norefersub", "tdialog")
"""RFC 4028, 3891, 4488, 4538."""
REGISTRATION: Final = ("path", "outbound")
"""What our registrar knows (RFC 3327, RFC 5626)."""


def extensions(settings: SipSettings) -> tuple[str, ...]:
    """Option tags that we understand wherever they are required of us."""
    return (*_ALWAYS,) if settings.prack == "never" else (RELIABLE, *_ALWAYS)


def capabilities(settings: SipSettings) -> tuple[tuple[str, str], ...]:
    """Allow, Supported and Recv-Info, for INVITE, its 2xx and the answer to OPTIONS. No INFO package is taken, and that is said
    by an empty value (RFC 6086 §10.8), lest the far end think that we do not know of packages.
    """
    return (("Allow", ALLOW), ("Supported", ", ".join(extensions(settings))), ("Recv-Info", ""))


def unsupported(required: list[str], settings: SipSettings) -> list[str]:
    """Those of ``required`` (a Require header) that nobody here understands: 420 (§8.2.2.3)."""
    known = (*extensions(settings), *REGISTRATION)
    return [tag for tag in required if tag.lower() not in known]
