"""What a test of a trunk finds, in plain words, and which line of its configuration to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from offhook.calls.leg import LegEnded
from offhook.calls.trunks.probing import Pong
from offhook.sip.reasons import REASONS

GATEWAYS: Final = "SipUrl of the gateway (gateways in offhook.toml)"
CREDENTIALS: Final = "Username and Password of the trunk (username, password)"

_CALL_MENDS: Final[Mapping[int, str]] = {
    401: f"it does not accept our credentials: {CREDENTIALS}",
    403: "it does not let us call: ask the carrier whether our address is allowed; FromUser and FromDomain (from_user, "
    "from_domain) must be what it knows us by",
    404: "it does not know the number as it is written: OutboundCalled (outbound_called) rewrites it",
    407: f"it does not accept our credentials: {CREDENTIALS}",
    415: "it does not take our session description: Codecs (codecs)",
    484: "the number is too short for it: OutboundCalled (outbound_called) rewrites it",
    488: "it takes neither the codecs nor the kind of media that we offer: Codecs (codecs), Srtp (srtp)",
    606: "it takes neither the codecs nor the kind of media that we offer: Codecs (codecs), Srtp (srtp)",
}
_BUSY: Final = (
    "it is overloaded or out of service: ask the carrier, or give the trunk another gateway (OriginationUrls)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One look at a trunk."""

    subject: str
    fine: bool
    text: str
    mend: str = ""
    """What to do about it; empty when it is fine."""

    def lines(self) -> list[str]:
        """For people."""
        shown = [f"{'ok  ' if self.fine else 'FAIL'}  {self.subject:<10} {self.text}"]
        return shown if not self.mend else [*shown, f"      {'':<10} → {self.mend}"]


def report(findings: Sequence[Finding]) -> str:
    """All of them, one line each and one for each remedy."""
    return "\n".join(line for finding in findings for line in finding.lines())


def of_pong(pong: Pong) -> Finding:
    """What the answer to an OPTIONS says."""
    if pong.code is None:
        mend = f"it is down, a firewall is between, or it does not answer OPTIONS: {GATEWAYS}; OptionsInterval 0 asks no more"
        return Finding(subject="OPTIONS", fine=False, text=pong.reason, mend=mend)
    said = _status(pong.code)
    if not pong.fine:
        wait = "" if pong.retry_after is None else f" and wants to be left alone for {pong.retry_after:g} s"
        return Finding(subject="OPTIONS", fine=False, text=f"it answers {said}{wait}", mend=_BUSY)
    if pong.code in (401, 403, 407):
        text = f"it answers {said}: it is there, and whether it takes our calls only a call shows"
        return Finding(subject="OPTIONS", fine=True, text=text)
    return Finding(subject="OPTIONS", fine=True, text=f"it answers {said}")


def of_refusal(ended: LegEnded) -> Finding:
    """What a call that did not come about says."""
    if not ended.by_far_end:
        return Finding(
            subject="call", fine=False, text=ended.reason, mend="Codecs (codecs) must name one that both sides speak"
        )
    if ended.silent or ended.sip_code is None:
        mend = f"nothing came back for the call: {GATEWAYS}; ResponseTimeout (response_timeout)"
        return Finding(subject="call", fine=False, text=ended.reason or "it does not answer", mend=mend)
    if ended.sip_code in (480, 486, 600, 603):
        text = f"it answers {_status(ended.sip_code)}: the trunk works, the callee does not take the call"
        return Finding(subject="call", fine=True, text=text)
    mend = _CALL_MENDS.get(ended.sip_code, _BUSY if ended.sip_code >= 500 else "ask the carrier what it misses")
    because = f" ({ended.reason})" if ended.reason else ""
    return Finding(subject="call", fine=False, text=f"it answers {_status(ended.sip_code)}{because}", mend=mend)


def of_failed_connection(error: OSError, place: str) -> Finding:
    """Why no connection came about."""
    text = str(error) or type(error).__name__
    verify = getattr(error, "verify_message", None)
    if verify:
        mend = (
            "give the authority that signed it as OFFHOOK_SIP_TLS_CA (tls_ca in [sip]), or have the carrier correct it"
        )
        return Finding(
            subject="connect", fine=False, text=f"the certificate of {place} is not trusted: {verify}", mend=mend
        )
    if isinstance(error, ConnectionRefusedError):
        text = f"{place} refuses connections: nothing listens there"
    elif isinstance(error, TimeoutError):
        text = f"{place} does not answer: it is down, or a firewall is between"
    return Finding(subject="connect", fine=False, text=text, mend=f"port and transport of {GATEWAYS}")


def _status(code: int) -> str:
    return f"{code} {REASONS.get(code, '')}".strip()
