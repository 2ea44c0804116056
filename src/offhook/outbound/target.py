"""A tenant's URL taken apart: what is requested, Basic auth, and the overrides in its fragment (``#rc=2&rt=5000``)."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urlencode

from yarl import URL

from offhook.outbound.http import OutboundError, OutboundFault

_CONNECT_FAILED = "ct"
_KINDS = frozenset({"ct", "rt", "4xx", "5xx"})
_LOGIN = re.compile(r"//[^/?#]*@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What the fragment sets; None leaves the settings' value."""

    retries: int = 1
    """0..5."""
    retry_on: frozenset[str] = field(default_factory=lambda: frozenset({_CONNECT_FAILED}))
    """Of ``ct`` (no connection), ``rt`` (no answer in time), ``4xx``, ``5xx``."""
    connect: float | None = None
    read: float | None = None
    total: float | None = None
    """Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a request goes."""

    url: str
    """As requested: quoted, without credentials and fragment."""
    host: str
    origin: str
    """Scheme, host and port."""
    auth: str | None = field(repr=False)
    """Value of ``Authorization``."""
    overrides: Overrides

    def with_query(self, form: tuple[tuple[str, str], ...]) -> str:
        """The URL with ``form`` appended to its query."""
        if not form:
            return self.url
        joint = "&" if "?" in self.url else "?"
        return f"{self.url}{joint}{urlencode(form, errors='replace')}"


@lru_cache(maxsize=1024)
def parse(url: str) -> Target:
    """Take ``url`` apart. Raises ``OutboundError(BAD_URL)``."""
    try:
        found = URL(url.strip())
        port = found.port
        host = found.host
        user, password = found.raw_user, found.raw_password
        bare = found.with_fragment(None).with_user(None) if user or password else found.with_fragment(None)
        text = str(bare)
        text.encode("ascii")
    except (ValueError, TypeError) as error:
        raise OutboundError(OutboundFault.BAD_URL, f"{_shown(url)} is not a URL.") from error
    if found.scheme not in ("http", "https") or not host or port == 0:
        raise OutboundError(OutboundFault.BAD_URL, f"{_shown(url)} is not an http or https URL.")
    auth = None
    if user or password:
        # A login cannot hold a colon, the rest belongs to the password (RFC 7617).
        pair = f"{unquote(user or '').partition(':')[0]}:{unquote(password or '')}"
        auth = f"Basic {b64encode(pair.encode('utf-8', 'replace')).decode('ascii')}"
    origin = str(bare.origin())
    if text == origin:
        # What is requested has a path, and so has what the application checks the signature against.
        text += "/"
    return Target(url=text, host=host, origin=origin, auth=auth, overrides=_overrides(found.raw_fragment))


def _shown(url: str) -> str:
    """Enough of what is no URL to find it by, without the login that may stand in it."""
    return repr(_LOGIN.sub("//", url)[:200])


def _overrides(fragment: str) -> Overrides:
    """Unknown names and values out of range are left alone: a fragment may be there for other reasons."""
    if not fragment:
        return Overrides()
    given = dict(parse_qsl(fragment, max_num_fields=20) if fragment.count("&") < 20 else ())
    kinds = frozenset(given.get("rp", _CONNECT_FAILED).split(","))
    return Overrides(
        retries=_number(given.get("rc"), 0, 5, 1),
        retry_on=_KINDS if "all" in kinds else kinds & _KINDS,
        connect=_seconds(given.get("ct"), 10_000),
        read=_seconds(given.get("rt"), 15_000),
        total=_seconds(given.get("tt"), 15_000),
    )


def _seconds(text: str | None, most: int) -> float | None:
    milliseconds = _number(text, 100, most, 0)
    return milliseconds / 1000 or None


def _number(text: str | None, least: int, most: int, otherwise: int) -> int:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 9:
        return otherwise
    return value if least <= (value := int(text)) <= most else otherwise
