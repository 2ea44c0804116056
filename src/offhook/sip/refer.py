"""What REFER says (RFC 3515) and what goes with it: Replaces (RFC 3891), Target-Dialog (RFC 4538), the body of its NOTIFY.

Values only. Phones disagree with the grammar in known ways; what they mean is read where it can mean only one thing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self, TypeGuard

from offhook.sip import grammar
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.message import Request
from offhook.sip.reasons import REASONS
from offhook.sip.uri import NameAddr, Uri

SIPFRAG: Final = "message/sipfrag;version=2.0"
"""Content type of the NOTIFY of a REFER (RFC 3420)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaces:
    """Which dialog a new call takes the place of, seen from the one that is asked (RFC 3891 section 6.1)."""

    call_id: str
    to_tag: str
    """The tag of the side that reads it."""
    from_tag: str
    early_only: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a Replaces value. Raises ``RemoteProtocolError``."""
        call_id, parameters = _named(text, "Replaces")
        to_tag, from_tag = parameters.get("to-tag"), parameters.get("from-tag")
        if not (_is_tag(to_tag) and _is_tag(from_tag)):
            raise RemoteProtocolError("a Replaces names both tags")
        return cls(call_id=call_id, to_tag=to_tag, from_tag=from_tag, early_only="early-only" in parameters)

    def __str__(self) -> str:
        early = ";early-only" if self.early_only else ""
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}{early}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetDialog:
    """The dialog that a request outside it is about, seen from the one who wrote it (RFC 4538 section 7)."""

    call_id: str
    local_tag: str
    """The writer's own tag."""
    remote_tag: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a Target-Dialog value. Raises ``RemoteProtocolError``."""
        call_id, parameters = _named(text, "Target-Dialog")
        local, remote = parameters.get("local-tag"), parameters.get("remote-tag")
        if not (_is_tag(local) and _is_tag(remote)):
            raise RemoteProtocolError("a Target-Dialog names both tags")
        return cls(call_id=call_id, local_tag=local, remote_tag=remote)

    def __str__(self) -> str:
        return f"{self.call_id};local-tag={self.local_tag};remote-tag={self.remote_tag}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferTo:
    """Whom the other side shall talk to."""

    uri: Uri
    """Without headers and method."""
    replaces: Replaces | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a Refer-To value: a call to be made. Raises ``RemoteProtocolError``, 501 for any other method than INVITE."""
        uri = NameAddr.parse(_bracketed(text)).uri
        if uri.scheme not in ("sip", "sips", "tel"):
            raise RemoteProtocolError(f"a Refer-To that cannot be called: {text[:80]!r}", 416)
        if (uri.parameters.get("method") or "INVITE").upper() != "INVITE":
            raise RemoteProtocolError("a Refer-To asks for something else than a call", 501)
        named = next((value for name, value in uri.headers.items() if name.lower() == "replaces"), None)
        replaces = None if named is None else Replaces.parse(named)
        bare = replace(uri, headers={}) if uri.scheme == "tel" else uri.without_parameters("method")
        return cls(uri=bare, replaces=replaces)

    @classmethod
    def of(cls, request: Request) -> Self:
        """The one Refer-To of a REFER (RFC 3515 section 2.4.2). Raises ``RemoteProtocolError``."""
        values = request.lines("refer-to")
        if len(values) != 1:
            raise RemoteProtocolError("a REFER has exactly one Refer-To")
        return cls.parse(values[0])

    def __str__(self) -> str:
        if self.replaces is None:
            return f"<{self.uri}>"
        return f"<{replace(self.uri, headers={'Replaces': str(self.replaces)})}>"


def wants_no_subscription(request: Request) -> bool:
    """Whether the sender of a REFER wants no NOTIFY (RFC 4488)."""
    return (request.get("refer-sub") or "").partition(";")[0].strip().lower() == "false"


def sipfrag(code: int, reason: str = "") -> bytes:
    """The status line that tells how far the referred call has come."""
    return f"SIP/2.0 {code} {reason or REASONS.get(code, 'Unknown')}\r\n".encode()


def status_of(fragment: bytes) -> int | None:
    """The status that a sipfrag tells; None for what is none."""
    version, _, rest = fragment[:64].partition(b" ")
    code = rest[:3]
    if version.upper() != b"SIP/2.0" or len(code) != 3 or not code.isdigit():
        return None
    status = int(code)
    return status if 100 <= status < 700 else None


def _is_tag(text: str | None) -> TypeGuard[str]:
    return text is not None and grammar.is_token(text)


def _named(text: str, header: str) -> tuple[str, grammar.Parameters]:
    call_id, semicolon, rest = text.partition(";")
    if not (call_id := call_id.strip()) or any(character.isspace() for character in call_id):
        raise RemoteProtocolError(f"a {header} without Call-ID")
    return call_id, grammar.parse_parameters(semicolon + rest)


def _bracketed(text: str) -> str:
    """The angle brackets that a URI with headers needs, and the escape of ``@`` in those: many leave both out."""
    text = text.strip()
    if "<" not in text and "?" in text:
        text = f"<{text}>"
    before, mark, headers = text.partition("?")
    return before + mark + headers.replace("@", "%40") if mark and "replaces=" in headers.lower() else text
