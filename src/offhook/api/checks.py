"""Checks of parameter values. Each returns the text to use or raises ``ValueError`` with the rest of "Parameter X 'value' …"."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

_NUMBER: Final = re.compile(r"\+?[0-9*#]{1,32}", re.ASCII)
_GROUPING: Final = re.compile(r"[\s().-]+")
_SIP: Final = re.compile(r"sips?:[^\s<>\"]{1,400}", re.IGNORECASE)
_CLIENT: Final = re.compile(r"client:[^\s@:;?=<>\"]{1,128}(\?[^\s<>\"]{0,1000})?", re.IGNORECASE)
_LOGIN: Final = re.compile(r"[^\s?=@:;,<>\"\x00-\x1f]{1,128}")
_EMAIL: Final = re.compile(
    r"[^\s?=@:;,<>\"()\x00-\x1f]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?", re.ASCII
)
_DOMAIN: Final = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
)
_KEYS: Final = re.compile(r"[0-9*#ABCDabcdwW]{0,256}", re.ASCII)


def web_url(text: str) -> str:
    """An absolute http or https URL."""
    stripped = text.strip()
    try:
        parts = urlsplit(stripped)
        usable = parts.scheme.lower() in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"[\s\x00-\x1f\x7f]", stripped) or len(stripped) > 4_000:
        raise ValueError("is not an absolute http or https URL of at most 4000 characters")
    return stripped


def http_method(text: str) -> str:
    """GET or POST, in capitals."""
    upper = text.strip().upper()
    if upper not in {"GET", "POST"}:
        raise ValueError("is neither GET nor POST")
    return upper


def address(text: str) -> str:
    """What can be called: a number (grouping signs are dropped), ``client:NAME``, ``sip:user@host``, with ``?X-Header=value``."""
    stripped = text.strip()
    if _SIP.fullmatch(stripped):
        return stripped
    if stripped[:7].lower() == "client:":
        if _CLIENT.fullmatch(stripped):
            return f"client:{stripped[7:]}"
        raise ValueError("is not client:NAME")
    number, question, headers = stripped.partition("?")
    plain = _GROUPING.sub("", number)
    if _NUMBER.fullmatch(plain):
        return f"{plain}{question}{headers}"
    raise ValueError("is neither a number (+14155550100, 1000), client:NAME nor sip:user@host")


def caller(text: str) -> str:
    """What a callee is shown: an address, or any short name."""
    stripped = text.strip()
    if not 1 <= len(stripped) <= 256 or re.search(r"[\x00-\x1f\x7f<>\"]", stripped):
        raise ValueError("must be 1 to 256 characters without control characters, quotes or angle brackets")
    try:
        return address(stripped)
    except ValueError:
        return stripped


def login(text: str) -> str:
    """The name of a client, which stands before the ``@`` of its SIP address."""
    if _LOGIN.fullmatch(text) is None:
        raise ValueError("must be 1 to 128 characters without spaces and without ? = @ : ; , < > or quotes")
    return text


def password(text: str) -> str:
    """A password that is not guessed at once: 8 characters or more, of more than three different ones."""
    if not 8 <= len(text) <= 128 or len(set(text)) < 4 or "\x00" in text:
        raise ValueError("is too weak: use 8 to 128 characters, at least four of them different")
    return text


def email(text: str) -> str:
    """An e-mail address, in lower case; its local part can be the login of a client."""
    address = text.strip().lower()
    if _EMAIL.fullmatch(address) is None:
        raise ValueError("is no e-mail address such as kim@example.org; ? = : ; and quotes are not allowed in it")
    return address


def domain(text: str) -> str:
    """A domain name or one label of one, in lower case."""
    name = text.strip().lower().removesuffix(".")
    if _DOMAIN.fullmatch(name) is None:
        raise ValueError("is no domain name: letters, digits and hyphens, with dots between labels of at most 63")
    return name


def machine_detection(text: str) -> str:
    """``Enable`` or ``DetectMessageEnd``, in that spelling."""
    known = {word.lower(): word for word in ("Enable", "DetectMessageEnd")}
    if text.strip().lower() not in known:
        raise ValueError("is neither Enable nor DetectMessageEnd")
    return known[text.strip().lower()]


def keys(text: str) -> str:
    """Keys to press, with ``w`` and ``W`` as pauses."""
    if _KEYS.fullmatch(text) is None:
        raise ValueError("may hold 0-9, *, #, A-D, w (half a second) and W (a second), at most 256")
    return text


def label(text: str) -> str:
    """A name for people to read."""
    if len(text) > 256 or "\x00" in text:
        raise ValueError("must be at most 256 characters")
    return text


def version(text: str) -> str:
    """A version of the API."""
    if text not in {"2010-04-01", "2012-04-24"}:
        raise ValueError("must be 2010-04-01 or 2012-04-24")
    return text
