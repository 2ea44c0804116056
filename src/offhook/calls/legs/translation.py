"""What SIP messages and events say, in the words of legs, and the other way round."""

from __future__ import annotations

from offhook.calls.leg import ANSWERED_ELSEWHERE, LegEnded, LegFailed
from offhook.calls.legs.causes import FarEnd, explain
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.events import CallEnded, EndCause
from offhook.sip.flow import Transport
from offhook.sip.grammar import presentable, quote
from offhook.sip.headers import retry_after
from offhook.sip.message import Message, Request, Response
from offhook.sip.uri import Uri

_REASON_LENGTH = 200
"""Characters of a Reason: what failed may be told at length, and a datagram is short."""


def custom_headers(message: Message) -> dict[str, str]:
    """``X-*`` and ``Diversion`` headers, which applications may read; never our own marks."""
    headers = {
        name: value for name, value in message.extension_headers().items() if not name.lower().startswith("x-restcomm-")
    }
    if (diversion := message.get("diversion")) is not None:
        headers["Diversion"] = diversion
    return headers


def reason_value(text: str) -> str:
    """A Reason header value (RFC 3326)."""
    if text == ANSWERED_ELSEWHERE:
        return 'SIP;cause=200;text="Call completed elsewhere"'
    return f"SIP;text={quote(presentable(text[:_REASON_LENGTH]))}"


def warning(text: str) -> list[tuple[str, str]]:
    """A Warning header that says what was wrong with a description (RFC 3261 section 20.43)."""
    return [("Warning", f"305 offhook {quote(presentable(text[:_REASON_LENGTH]))}")]


def ending(event: CallEnded, far: FarEnd) -> LegEnded:
    """The end of a call as its leg, which leads to ``far``, tells it."""
    headers = {} if event.message is None or isinstance(event.message, Request) else custom_headers(event.message)
    stalled = event.cause is EndCause.NO_PROGRESS
    return LegEnded(
        by_far_end=event.cause.by_far_end,
        sip_code=event.code,
        reason=explain(event, far),
        headers=headers,
        silent=stalled or event.cause in (EndCause.NO_RESPONSE, EndCause.UNREACHABLE),
        stalled=stalled,
        retry_after=retry_after(event.message.get("retry-after")) if isinstance(event.message, Response) else None,
    )


def target_of(text: str) -> Uri:
    """The URI to ring. Raises ``LegFailed``."""
    try:
        uri = Uri.parse(text)
    except RemoteProtocolError as error:
        raise LegFailed(f"{text[:255]} is not a SIP URI: {error}", 404) from error
    if not uri.is_sip or not uri.host or Transport.asked(uri.scheme, uri.transport) is None:
        raise LegFailed(f"{text[:255]} is not a SIP URI that can be rung", 404)
    return uri
