"""Values of small headers: CSeq and Content-Type (RFC 3261 §20), Reason (RFC 3326), RAck and RSeq (RFC 3262), Session-Expires
and Min-SE (RFC 4028). Via and addresses have files of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from offhook.sip import grammar
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.fields import Fields
from offhook.sip.grammar import Parameters

_CSEQ = re.compile(r"([0-9]{1,20})[ \t]+([A-Za-z0-9\-.!%*_+`'~]+)")
_CSEQ_LIMIT = 1 << 31
_RACK = re.compile(r"([0-9]{1,10})[ \t]+([0-9]{1,10})[ \t]+([A-Za-z0-9\-.!%*_+`'~]+)")
_LONGEST_SESSION = 1 << 31


@dataclass(frozen=True, slots=True)
class CSeq:
    """Number of a request within its dialog, and its method (§20.16)."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> CSeq:
        """Read a CSeq value."""
        match = _CSEQ.fullmatch(text.strip())
        if match is None or (number := int(match[1])) >= _CSEQ_LIMIT:
            raise RemoteProtocolError(f"not a CSeq: {text[:80]!r}")
        return cls(number, match[2])

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a call ended, one value of a Reason header (RFC 3326)."""

    protocol: str
    """``SIP`` or ``Q.850``, as written."""
    cause: int | None = None
    text: str = ""

    @classmethod
    def parse(cls, text: str) -> Reason:
        """Read one Reason value (not a comma list)."""
        protocol, semicolon, rest = text.strip().partition(";")
        if not grammar.is_token(protocol := protocol.strip()):
            raise RemoteProtocolError(f"not a Reason: {text[:80]!r}")
        parameters = grammar.parse_parameters(semicolon + rest)
        cause = parameters.get("cause")
        return cls(
            protocol=protocol,
            cause=grammar.decimal(cause, "the cause of a Reason", 999) if cause else None,
            text=parameters.get("text") or "",
        )

    def __str__(self) -> str:
        cause = "" if self.cause is None else f";cause={self.cause}"
        text = f";text={grammar.quote(self.text)}" if self.text else ""
        return f"{self.protocol}{cause}{text}"


@dataclass(frozen=True, slots=True)
class RAck:
    """Which provisional response a PRACK acknowledges (RFC 3262 §7.2)."""

    rseq: int
    cseq: int
    method: str

    @classmethod
    def of(cls, request: Fields) -> RAck:
        """The RAck of a PRACK. Raises ``RemoteProtocolError``."""
        text = request.get("rack")
        match = None if text is None else _RACK.fullmatch(text.strip())
        if match is None:
            raise RemoteProtocolError("a PRACK without a RAck that can be read")
        return cls(int(match[1]), int(match[2]), match[3])

    def __str__(self) -> str:
        return f"{self.rseq} {self.cseq} {self.method}"


def rseq_of(response: Fields) -> int | None:
    """Number of a reliable provisional response (RFC 3262 §7.1), 1 to 2**32-1; None for one that is not reliable."""
    if not any(tag.lower() == "100rel" for tag in response.values("require")):
        return None
    text = (response.get("rseq") or "").strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else 0
    return number if 0 < number < 1 << 32 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionExpires:
    """How long a session holds without a refresh, and who sees to it (RFC 4028 §4)."""

    seconds: int
    refresher: str | None = None
    """``uac`` or ``uas``, of the transaction in which it is said; None leaves it open."""

    @classmethod
    def of(cls, message: Fields) -> SessionExpires | None:
        """What ``message`` says; None when it says nothing. Raises ``RemoteProtocolError`` for nonsense."""
        text = message.get("session-expires")
        if text is None:
            return None
        seconds, semicolon, rest = text.partition(";")
        refresher = (grammar.parse_parameters(semicolon + rest).get("refresher") or "").lower()
        return cls(
            seconds=grammar.decimal(seconds.strip(), "Session-Expires", _LONGEST_SESSION),
            refresher=refresher if refresher in ("uac", "uas") else None,
        )

    def __str__(self) -> str:
        return str(self.seconds) if self.refresher is None else f"{self.seconds};refresher={self.refresher}"


def min_se_of(message: Fields) -> int:
    """The shortest session that the sender takes (RFC 4028 §5), in seconds; 90 where nothing readable is said."""
    text = (message.get("min-se") or "").partition(";")[0].strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 90


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaType:
    """A Content-Type (§20.15); type and subtype in lower case."""

    type: str
    subtype: str
    parameters: Parameters = field(default_factory=grammar.no_parameters, hash=False)

    @classmethod
    def parse(cls, text: str) -> MediaType:
        """Read one media type."""
        name, semicolon, rest = text.partition(";")
        kind, slash, subtype = name.partition("/")
        kind, subtype = kind.strip().lower(), subtype.strip().lower()
        if not (slash and grammar.is_token(kind) and grammar.is_token(subtype)):
            raise RemoteProtocolError(f"not a media type: {text[:80]!r}")
        return cls(type=kind, subtype=subtype, parameters=grammar.parse_parameters(semicolon + rest))

    @property
    def essence(self) -> str:
        """``type/subtype`` without parameters."""
        return f"{self.type}/{self.subtype}"

    def __str__(self) -> str:
        return f"{self.type}/{self.subtype}{grammar.format_parameters(self.parameters)}"


def retry_after(text: str | None) -> float | None:
    """Seconds of a Retry-After value (§20.33), whatever stands behind them; None when it is absent or unreadable."""
    match = re.match(r"\s*([0-9]{1,10})\s*(?:[;(]|$)", text or "", re.ASCII)
    return None if match is None else float(match[1])
