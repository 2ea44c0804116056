"""What is asked of a tenant's web server and what comes back. ``client`` sends it; ``rcml`` and ``webhooks`` build it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

Form = Sequence[tuple[str, str]]
Signer = Callable[[str, Form], Mapping[str, str]]
"""(URL as requested, form parameters: empty for GET) to the headers that sign it; called again for every redirect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request as a browser would send a form."""

    url: str
    """http or https; ``user:password@`` becomes Basic auth; the fragment (#rc=2&rt=5000 ...) sets overrides, is neither sent nor signed."""
    method: str = "POST"
    form: tuple[tuple[str, str], ...] = ()
    """In the body for POST, appended to the query for GET."""
    headers: Mapping[str, str] = field(default_factory=dict)
    signer: Signer | None = None
    limit: int = 65_536
    """Bytes of body accepted."""
    timeout: float | None = None
    """Seconds for the whole exchange; None takes the settings' value."""
    cookies: dict[str, str] | None = None
    """A jar that the caller keeps (per call); updated in place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """What came back, redirects followed."""

    url: str
    """Of the last request, without credentials: the base for relative URLs."""
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    elapsed: float
    """Seconds."""

    @property
    def content_type(self) -> str:
        """Media type without parameters, lower case; empty when absent."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class OutboundFault(StrEnum):
    """Why no response came."""

    BAD_URL = "bad-url"
    FORBIDDEN = "forbidden"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_LARGE = "too-large"
    PROTOCOL = "protocol"
    REDIRECTS = "redirects"


class OutboundError(Exception):
    """No usable response; the message says which host, what happened, and what to do."""

    def __init__(self, fault: OutboundFault, message: str) -> None:
        super().__init__(message)
        self.fault = fault
