"""Why a leg ended, in plain words: the response code or event, what it means, what the far end says itself, and where to look.

The tables are the reference page ``docs/reference/causes.md`` too. ``{far}`` is the URI of the far end, ``{address}`` where we
sent to, ``{codecs}`` what we offered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from offhook.sip.events import CallEnded, EndCause
from offhook.sip.flow import Flow, HostPort
from offhook.sip.grammar import presentable
from offhook.sip.message import Message, Response
from offhook.sip.reasons import REASONS

_LONGEST: Final = 120
"""Characters of what the far end says itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A meaning."""

    what: str
    look: str = ""
    """Where to look; empty where there is nothing to mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FarEnd:
    """Whom a leg leads to."""

    uri: str
    ways: Sequence[Flow]
    """Where it can be reached."""
    codecs: Sequence[str] = ()
    """What our offer names."""

    @property
    def address(self) -> str:
        """``10.0.0.1:5060 udp``, or several."""
        return " and ".join(f"{HostPort(way.host, way.port)} {way.transport.value}" for way in self.ways) or self.uri


REFUSALS: Final[dict[int, Cause]] = {
    300: Cause(what="{far} names several addresses instead of taking the call", look="call the address in Contact"),
    301: Cause(
        what="{far} has moved for good", look="call the address in Contact of the response: redirects are not followed"
    ),
    302: Cause(
        what="{far} sends calls elsewhere",
        look="call the address in Contact of the response: redirects are not followed",
    ),
    305: Cause(
        what="{far} wants to be called through a proxy", look="the address in Contact as a gateway of the trunk"
    ),
    400: Cause(
        what="{far} finds our request faulty", look="its reason phrase, and the INVITE in the ladder of the call"
    ),
    401: Cause(
        what="{far} does not accept our credentials, or we have none",
        look="username and password of sip.gateway or of the trunk, sipUsername of <Sip>",
    ),
    402: Cause(what="the carrier wants to be paid first", look="your balance with the carrier"),
    403: Cause(
        what="{far} does not let us call there",
        look="what the carrier allows: our source address, the caller number in From, the country that was dialled",
    ),
    404: Cause(
        what="{far} is unknown there",
        look="how the number is written: the carrier may want +44…, 0044… or 044…; number rules of the trunk",
    ),
    405: Cause(
        what="{address} takes no calls", look="address and port of the gateway: it may be meant for something else"
    ),
    406: Cause(what="{far} can give nothing that we accept", look="the INVITE in the ladder of the call"),
    407: Cause(
        what="the proxy at {address} does not accept our credentials, or we have none",
        look="username and password of sip.gateway or of the trunk, sipUsername of <Sip>",
    ),
    408: Cause(
        what="something on the way to {far} waited in vain for an answer",
        look="whether the phone or the carrier behind is up",
    ),
    410: Cause(what="{far} is gone for good", look="the number"),
    413: Cause(what="our request is too large for {address}", look="headers that the application adds; transport=tcp"),
    414: Cause(what="the address that we call is too long for {address}", look="the number or URI in <Dial>"),
    415: Cause(what="{far} does not understand the session description", look="the INVITE in the ladder of the call"),
    416: Cause(what="{address} does not know this kind of address", look="the URI in <Dial>: sip:, not tel: or sips:"),
    420: Cause(what="{far} does not know an extension that we require", look="Unsupported in the response"),
    421: Cause(what="{far} requires an extension that we do not offer", look="Require in the response"),
    422: Cause(what="{far} wants longer session intervals", look="Min-SE in the response, and our session timer"),
    423: Cause(what="{far} wants longer intervals", look="Min-Expires in the response"),
    480: Cause(
        what="nobody at {far} can be reached now: not registered, switched off, or do-not-disturb", look="the phone"
    ),
    481: Cause(what="{far} does not know this call", look="whether it was restarted"),
    482: Cause(
        what="the call came back to where it had been", look="a gateway or proxy that sends our calls to us again"
    ),
    483: Cause(what="the call passed too many servers", look="a gateway or proxy that sends our calls to us again"),
    484: Cause(what="the number is not complete", look="number rules of the trunk, and what was dialled"),
    485: Cause(what="several are called {far}", look="the number or URI in <Dial>"),
    486: Cause(what="{far} is in another call"),
    487: Cause(what="the call was given up before it was answered"),
    488: Cause(
        what="{far} has no codec in common with us: we offer {codecs}",
        look="media.codecs and media.srtp, codecs and srtp of the trunk, settings of the phone",
    ),
    491: Cause(what="{far} is busy with another change of the call", look="nothing, unless it repeats"),
    493: Cause(what="{far} cannot decrypt what we sent", look="whether it wants S/MIME, which is not spoken here"),
    500: Cause(what="{address} has an error of its own", look="its log; a second gateway on the trunk would take over"),
    501: Cause(
        what="{address} takes no calls", look="address and port of the gateway: it may be meant for something else"
    ),
    502: Cause(
        what="the network behind {address} answers nonsense", look="the carrier; a second gateway would take over"
    ),
    503: Cause(
        what="{address} is overloaded or out of service, or has no free line",
        look="the carrier, and how many calls at once it allows; a second gateway would take over",
    ),
    504: Cause(
        what="the network behind {address} does not answer", look="the carrier; a second gateway would take over"
    ),
    505: Cause(what="{address} speaks another version of SIP", look="address and port of the gateway"),
    513: Cause(what="our request is too large for {address}", look="headers that the application adds; transport=tcp"),
    580: Cause(what="{far} could not reserve what it needs for the call", look="the carrier"),
    600: Cause(what="{far} is busy everywhere"),
    603: Cause(what="{far} declined the call"),
    604: Cause(what="{far} exists nowhere", look="how the number is written; number rules of the trunk"),
    606: Cause(what="{far} accepts no such session: we offer {codecs}", look="codecs of the trunk and of the phone"),
    607: Cause(what="{far} does not want calls from this caller", look="the caller number in From"),
    608: Cause(
        what="an operator's filter rejected the call", look="the caller number in From, and how the carrier rates it"
    ),
}
"""Final responses to our INVITE."""

CLASSES: Final[dict[int, Cause]] = {
    3: Cause(what="{far} sends calls elsewhere", look="Contact of the response: redirects are not followed"),
    4: Cause(what="{far} cannot take this call as it is", look="the response in the ladder of the call"),
    5: Cause(what="{address} cannot take calls at present", look="its log; a second gateway would take over"),
    6: Cause(what="{far} takes this call nowhere"),
}
"""What a code without a line of its own means (RFC 3261 section 8.1.3.2), by its first digit."""

ENDS: Final[dict[EndCause, Cause]] = {
    EndCause.CANCELED: Cause(what="the caller gave up before we answered"),
    EndCause.NO_RESPONSE: Cause(
        what="no answer from {address}",
        look="is the host up, is the port right, does a firewall drop it; sip.gateway, gateways of the trunk",
    ),
    EndCause.NO_PROGRESS: Cause(
        what="{address} took the call and then said nothing of it",
        look="the network behind it; progress_timeout of the trunk",
    ),
    EndCause.UNREACHABLE: Cause(
        what="{address} cannot be reached",
        look="does something listen there, is there a route, with TLS whether sip.tls_ca vouches for its certificate (the log "
        "says more); sip.gateway, gateways of the trunk",
    ),
    EndCause.NO_ACK: Cause(
        what="{address} never acknowledged our answer",
        look="can it reach the address in our Contact; sip.advertise behind a NAT",
    ),
    EndCause.GONE: Cause(what="{far} no longer knows the call", look="whether it was restarted"),
}
"""Ends without a refusal."""

_UNHEARD: Final = frozenset({EndCause.NO_RESPONSE, EndCause.NO_PROGRESS, EndCause.UNREACHABLE})
"""Those for which the code is our own word."""

Q850: Final[dict[int, str]] = {
    1: "unallocated number", 2: "no route to the transit network", 3: "no route to the destination",
    16: "normal clearing", 17: "user busy", 18: "no user responding", 19: "no answer from the user",
    20: "subscriber absent", 21: "call rejected", 22: "number changed", 26: "non-selected user clearing",
    27: "destination out of order", 28: "invalid number format", 29: "facility rejected", 31: "normal, unspecified",
    34: "no circuit available", 38: "network out of order", 41: "temporary failure", 42: "switching equipment congestion",
    43: "access information discarded", 44: "requested circuit not available", 47: "resource unavailable",
    50: "facility not subscribed", 55: "incoming calls barred", 57: "bearer capability not authorized",
    58: "bearer capability not available", 63: "service not available", 65: "bearer capability not implemented",
    69: "facility not implemented", 79: "service not implemented", 87: "user not member of the group",
    88: "incompatible destination", 95: "invalid message", 96: "mandatory information missing",
    97: "message type not implemented", 99: "information element not implemented", 100: "invalid information",
    101: "message not compatible with the call state", 102: "recovery on timer expiry", 111: "protocol error",
    127: "interworking, unspecified",
}  # fmt: skip
"""Causes of ITU-T Q.850, as telephone networks give them in a Reason header (RFC 3326)."""
OURS: Final[dict[int, Cause]] = {
    400: Cause(what="we could not read the request", look="the reason phrase, and the request in the ladder"),
    401: Cause(what="we ask for credentials", look="login and password of the client, and the domain in its address"),
    403: Cause(
        what="the caller may not call there: wrong password, an account that is not active, a destination that is closed",
        look="password and status of the client, Status of the account, and the log line of the refusal",
    ),
    404: Cause(
        what="there is no number and no client of this name",
        look="IncomingPhoneNumbers and Clients of the account, and the domain that was dialled",
    ),
    405: Cause(what="the method is not spoken here"),
    415: Cause(what="the body is no session description", look="Content-Type of the INVITE"),
    416: Cause(what="the address is no sip, sips or tel URI", look="Request-URI of the INVITE"),
    420: Cause(what="the INVITE requires an extension that is not spoken here", look="Unsupported in the response"),
    480: Cause(
        what="the client has no phone registered, or nobody decided about the call in time", look="the phone's account"
    ),
    481: Cause(what="there is no such call here (any more)", look="whether the server was restarted"),
    482: Cause(what="the same request came by two ways", look="proxies in front of the server"),
    483: Cause(what="the call passed too many servers", look="proxies that send calls round in circles"),
    486: Cause(what="the application rejected the call as busy, or the client is busy"),
    487: Cause(what="the caller gave up before the answer"),
    488: Cause(
        what="the offer has no codec in common with ours, or none of the keys that SRTP needs",
        look="media.codecs and media.srtp, and the settings of the phone",
    ),
    500: Cause(what="an error on our side", look="the log, and Notifications of the call"),
    503: Cause(
        what="too many calls, too much load, or the server stops",
        look="calls.max_concurrent, sip.max_calls, sip.max_lag, the database",
    ),
    603: Cause(
        what="the application rejected the call, or hung up before it answered", look="the document of the application"
    ),
}
"""What we answer to an INVITE, and why."""

_PLAIN_END: Final = frozenset({None, 16, 31, 200})
"""Causes in the Reason of a BYE that say no more than the BYE does."""


def explain(event: CallEnded, far: FarEnd) -> str:
    """One sentence; empty after an ordinary hang-up by the far end."""
    said = _said(event.message)
    match event.cause:
        case EndCause.BYE:
            odd = event.message is not None and any(reason.cause not in _PLAIN_END for reason in event.message.reasons)
            return f"the far end hung up{said}" if odd else ""
        case EndCause.REFUSED_BY_THEM if event.code is not None:
            return refused(event.code, far, said)
        case _:
            cause = ENDS.get(event.cause)
            if cause is None:
                return f"{event.cause.value}{said}"
            code = f"{event.code}: " if event.cause in _UNHEARD and event.code else ""
            return f"{code}{_sentence(cause, far, said)}"


def refused(code: int, far: FarEnd, said: str = "") -> str:
    """What a final response of 300 to 699 to our INVITE means; ``said`` is what the far end says itself."""
    return f"{code}{_phrase(code)}: {_sentence(cause_of(code), far, said)}"


def cause_of(code: int) -> Cause:
    """The line of the table for a final response."""
    return REFUSALS.get(code) or CLASSES.get(code // 100) or CLASSES[4]


def _phrase(code: int) -> str:
    known = REASONS.get(code)
    return "" if known is None else f" {known}"


def _sentence(cause: Cause, far: FarEnd, said: str = "") -> str:
    what = cause.what.format(far=far.uri, address=far.address, codecs=", ".join(far.codecs) or "what the call had")
    look = f" (look at: {cause.look})" if cause.look else ""
    return f"{what}{said}{look}"


def _said(message: Message | None) -> str:
    """The far end's own words: a reason phrase that is not the usual one, Warning, Reason."""
    if message is None:
        return ""
    words = []
    if isinstance(message, Response) and message.reason.lower() != REASONS.get(message.status, "").lower():
        words.append(message.reason)
    if (warning := message.get("warning")) is not None:
        words.append(warning.partition('"')[2].rpartition('"')[0] or warning)
    words += _reasons(message)
    quoted = [presentable(word.strip())[:_LONGEST] for word in words if word.strip()]
    return f"; it says: {'; '.join(dict.fromkeys(quoted))}" if quoted else ""


def _reasons(message: Message) -> list[str]:
    words = []
    for reason in message.reasons:
        if reason.protocol.upper() == "Q.850" and reason.cause is not None:
            words.append(f"Q.850 {reason.cause} {reason.text or Q850.get(reason.cause, 'unknown')}")
        elif reason.text:
            words.append(reason.text)
        elif reason.cause is not None:
            words.append(f"{reason.protocol} {reason.cause}{_phrase(reason.cause)}")
    return words
