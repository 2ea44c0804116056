"""The nouns of <Dial>: <Number>, <Client> and <Sip>."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Final, Protocol
from urllib.parse import parse_qsl

from offhook.calls.dialing import ClientTarget, DialTarget, NumberTarget, SipTarget
from offhook.calls.events import StatusCallback
from offhook.rcml.context import Context, Dialect
from offhook.rcml.errors import Code, VerbFailed
from offhook.rcml.outcome import Method
from offhook.rcml.schema import Matching, Text, Url, noun
from offhook.rcml.urls import resolve

SIP_URI_LIMIT: Final = 255
_PUNCTUATION: Final = re.compile(r"[\s().-]")
_NUMBER: Final = re.compile(r"\+?[0-9A-Za-z*#]{1,64}")
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_SIP_URI: Final = re.compile(r"sips?:[^\s<>\"@]+@[^\s<>\"@]+", re.IGNORECASE)
_LOGIN: Final = re.compile(r"[^\s<>\"@:;?]{1,128}")


class CallbackEvent(StrEnum):
    """Progress of a dialled call."""

    INITIATED = "initiated"
    RINGING = "ringing"
    ANSWERED = "answered"
    COMPLETED = "completed"


Events = frozenset[CallbackEvent]
Headers = tuple[tuple[str, str], ...]
DialDigits = Annotated[str, Matching(r"[0-9*#A-DwW]{0,64}", "keys to send (0-9 * # A-D, w and W to wait)")]


class Target(Protocol):
    """A noun of <Dial>: somebody to ring."""

    def target(self, ctx: Context) -> tuple[DialTarget, Headers]:
        """Whom to ring, and the headers of the INVITE. Raises ``VerbFailed``."""
        ...


@noun
class Number:
    """A telephone number, through the configured gateway."""

    number: Text = ""
    """The number, best with ``+`` and country code; ``?Name=value`` adds a header ``X-Name``."""
    send_digits: DialDigits = ""
    """Keys sent when answered, before the two are connected; ``w`` waits half a second, ``W`` a second."""
    status_callback: Url | None = None
    """Where the progress of this call is reported."""
    status_callback_method: Method = Method.POST
    """How it is reported."""
    status_callback_event: Events | None = None
    """What is reported, separated by blanks or commas."""

    def target(self, ctx: Context) -> tuple[DialTarget, Headers]:
        """The number without punctuation."""
        text, headers = _split_headers(self.number)
        number = _PUNCTUATION.sub("", text)
        if _NUMBER.fullmatch(number) is None:
            raise VerbFailed(f'<Number>: "{text}" is no telephone number; write digits, best as +14155550100', 13223)
        callback = _callback(ctx, self.status_callback, self.status_callback_method, self.status_callback_event)
        return NumberTarget(number=number, send_digits=self.send_digits, status_callback=callback), headers


@noun
class Client:
    """A registered client: all its phones ring."""

    login: Text = ""
    """Its login; ``?Name=value`` adds a header ``X-Name``."""
    status_callback: Url | None = None
    """Where the progress of this call is reported."""
    status_callback_method: Method = Method.POST
    """How it is reported."""
    status_callback_event: Events | None = None
    """What is reported, separated by blanks or commas."""

    def target(self, ctx: Context) -> tuple[DialTarget, Headers]:
        """The login without ``client:``."""
        text, headers = _split_headers(self.login)
        login = text.removeprefix("client:").strip()
        if _LOGIN.fullmatch(login) is None:
            raise VerbFailed(f'<Client>: "{text}" is no login of a client', Code.DIAL_NOT_CONNECTED)
        callback = _callback(ctx, self.status_callback, self.status_callback_method, self.status_callback_event)
        return ClientTarget(login=login, status_callback=callback), headers


@noun
class Sip:
    """A SIP address anywhere."""

    uri: Text = ""
    """``sip:user@host``, with ``;transport=tcp`` if need be; ``?Name=value`` adds a header ``X-Name``."""
    username: str | None = None
    """For the digest challenge of the far end."""
    password: str | None = None
    """For the digest challenge of the far end."""
    status_callback: Url | None = None
    """Where the progress of this call is reported."""
    status_callback_method: Method = Method.POST
    """How it is reported."""
    status_callback_event: Events | None = None
    """What is reported, separated by blanks or commas."""

    def target(self, ctx: Context) -> tuple[DialTarget, Headers]:
        """The URI with its scheme."""
        text, headers = _split_headers(self.uri)
        uri = text if text.lower().startswith(("sip:", "sips:")) else f"sip:{text}"
        if len(uri) > SIP_URI_LIMIT or _SIP_URI.fullmatch(uri) is None:
            raise VerbFailed(f'<Sip>: "{text}" is no SIP address; write sip:user@host', Code.DIAL_NOT_CONNECTED)
        callback = _callback(ctx, self.status_callback, self.status_callback_method, self.status_callback_event)
        return SipTarget(uri=uri, username=self.username, password=self.password, status_callback=callback), headers


def noun_of(text: str) -> Target:
    """What the text of a <Dial> without nouns means."""
    if "@" in text:
        return Sip(uri=text)
    if text.startswith("client"):
        return Client(login=text.removeprefix("client:"))
    return Number(number=text)


def _split_headers(text: str) -> tuple[str, Headers]:
    """``target?Name=value&…`` to the target and headers ``X-Name``; names that are none are left out."""
    target, _, query = text.partition("?")
    headers = tuple(
        (name if name[:2].upper() == "X-" else f"X-{name}", value)
        for name, value in parse_qsl(query, max_num_fields=None)
        if _HEADER_NAME.fullmatch(name) is not None and value.isprintable() and len(value) <= 1024
    )
    return target.strip(), headers


def _callback(ctx: Context, url: str | None, method: Method, events: Events | None) -> StatusCallback | None:
    if url is None:
        return None
    if events is None:
        events = Events(CallbackEvent) if ctx.dialect is Dialect.RESTCOMM else Events({CallbackEvent.COMPLETED})
    return StatusCallback(
        url=resolve(ctx.document_url, url), method=method.value, events=frozenset(each.value for each in events)
    )
