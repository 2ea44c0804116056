"""Values of small headers: CSeq, Content-Type (RFC 3261 §20) and Reason (RFC 3326). Via and addresses have files of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from offhook.sip import grammar
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.grammar import Parameters

_CSEQ = re.compile(r"([0-9]{1,20})[ \t]+([A-Za-z0-9\-.!%*_+`'~]+)")
_CSEQ_LIMIT = 1 << 31


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
