"""Who calls and on whose behalf: identity and privacy (RFC 3323, RFC 3325), Remote-Party-ID of old gateways, Diversion
(RFC 5806) and History-Info (RFC 7044).

Values are read; whether their sender may be believed is the business of ``calls``. What cannot be read is left out, since a
call is not refused for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from offhook.sip import grammar
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.fields import Fields
from offhook.sip.uri import NameAddr, Uri

MAX_VALUES: Final = 20
"""Values of one header that are read; a call that was diverted more often than that goes in circles."""

T = TypeVar("T")

ANONYMOUS: Final = Uri(user="anonymous", host="anonymous.invalid")
"""The caller who does not want to be shown (RFC 3323 §4.1.1.3)."""
_HIDING: Final = frozenset({"id", "user", "header"})


def privacy(message: Fields) -> frozenset[str]:
    """The wishes of a Privacy header (RFC 3323 §4.2; ``id`` of RFC 3325 §9.3), in lower case."""
    return frozenset(
        word.strip().lower() for line in message.lines("privacy") for word in line.replace(",", ";").split(";")
    ) - {""}


def hides_caller(message: Fields) -> bool:
    """Whether the caller does not want to be shown."""
    return bool(privacy(message) & _HIDING)


def asserted(message: Fields) -> list[NameAddr]:
    """P-Asserted-Identity: who the caller is, as the network says; at most a SIP URI and a tel URI (RFC 3325 §9.1)."""
    return _identities(message, "p-asserted-identity")


def preferred(message: Fields) -> list[NameAddr]:
    """P-Preferred-Identity: which of its identities a proved caller wants to use (RFC 3325 §9.2)."""
    return _identities(message, "p-preferred-identity")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteParty:
    """A Remote-Party-ID of ``party=calling``, as gateways before RFC 3325 write it."""

    address: NameAddr
    private: bool
    """Whether it must not be shown (``privacy`` other than ``off``)."""
    screened: bool
    """Whether the sender has checked it."""

    @classmethod
    def of(cls, message: Fields) -> RemoteParty | None:
        """The first that speaks of the caller; None when there is none."""
        for address in _readable(message.values("remote-party-id"), NameAddr.parse):
            if (address.parameters.get("party") or "calling").lower() == "calling":
                return cls(
                    address=address,
                    private=(address.parameters.get("privacy") or "off").lower() != "off",
                    screened=(address.parameters.get("screen") or "no").lower() == "yes",
                )
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diversion:
    """One diversion of the call (RFC 5806 §4); the last one comes first."""

    address: NameAddr
    """Who diverted it."""
    reason: str = "unknown"
    """``user-busy``, ``no-answer``, ``unconditional`` … in lower case."""
    counter: int = 1
    """How often it was diverted there."""
    private: bool = False

    @classmethod
    def parse(cls, text: str) -> Diversion:
        """Read one Diversion value (not a comma list)."""
        address = NameAddr.parse(text)
        parameters = address.parameters
        counter = (parameters.get("counter") or "1").strip()
        return cls(
            address=address,
            reason=(parameters.get("reason") or "unknown").lower(),
            counter=int(counter) if counter.isascii() and counter.isdigit() and len(counter) <= 3 else 1,
            private=(parameters.get("privacy") or "off").lower() != "off",
        )


def diversions(message: Fields) -> list[Diversion]:
    """All diversions, the last one first."""
    return _readable(message.values("diversion"), Diversion.parse)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One target that the call had (RFC 7044 §5), the first one first."""

    uri: Uri
    index: tuple[int, ...]
    """``1``, ``1.1``, ``1.1.2``: which target followed from which."""
    cause: int | None = None
    """Why it was left or taken (RFC 4458), as in ``486``."""
    private: bool = False

    @classmethod
    def parse(cls, text: str) -> HistoryEntry:
        """Read one History-Info value (not a comma list)."""
        address = NameAddr.parse(text)
        index = address.parameters.get("index") or ""
        if not index or not all(part.isascii() and part.isdigit() and len(part) <= 3 for part in index.split(".")):
            raise RemoteProtocolError(f"a History-Info without index: {text[:80]!r}")
        headers = {name.lower(): value for name, value in address.uri.headers.items()}
        cause = address.uri.parameters.get("cause") or ""
        return cls(
            uri=address.uri.without_parameters("cause"),
            index=tuple(int(part) for part in index.split(".")),
            cause=int(cause) if cause.isascii() and cause.isdigit() and len(cause) == 3 else None,
            private=bool(
                {word.strip().lower() for word in headers.get("privacy", "").split(";")} & {"history", *_HIDING}
            ),
        )


def history(message: Fields) -> list[HistoryEntry]:
    """All targets, in the order of their indices."""
    return sorted(_readable(message.values("history-info"), HistoryEntry.parse), key=lambda entry: entry.index)


def forwarded_from(message: Fields) -> str | None:
    """The number or name that diverted the call last: by Diversion, else by History-Info; None when nobody did."""
    for diversion in diversions(message):
        return None if diversion.private else diversion.address.uri.number or None
    entries = history(message)
    if len(entries) < 2 or entries[-1].cause is None:
        return None
    left = entries[-2]
    return None if left.private else left.uri.number or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """The caller as it may be shown."""

    uri: Uri
    name: str = ""


def presented(message: Fields, from_: NameAddr, *, believed: bool, proved: bool = False) -> Presented:
    """Who calls: as the network asserts it where the sender is ``believed`` (RFC 3325 §5), as a client prefers that has
    ``proved`` who it is (§6), else as From says.

    A caller who wants privacy is ``anonymous`` whatever else is said (RFC 3323 §4.1.1.3).
    """
    party = RemoteParty.of(message) if believed else None
    if hides_caller(message) or (party is not None and party.private):
        return Presented(uri=ANONYMOUS)
    identities = asserted(message) if believed else preferred(message) if proved else []
    if not identities and party is not None:
        identities = [party.address]
    if not identities:
        return Presented(uri=from_.uri, name=from_.display_name)
    first = identities[0]
    name = next((one.display_name for one in identities if one.display_name), from_.display_name)
    return Presented(uri=first.uri, name=name)


def _identities(message: Fields, header: str) -> list[NameAddr]:
    found: list[NameAddr] = []
    for address in _readable(message.values(header), NameAddr.parse):
        if address.uri.scheme in ("sip", "sips", "tel") and address.uri.scheme not in {one.uri.scheme for one in found}:
            found.append(address)
    return found


def _readable(values: Iterable[str], parse: Callable[[str], T]) -> list[T]:
    found: list[T] = []
    for _, value in zip(range(MAX_VALUES), values, strict=False):
        try:
            found.append(parse(grammar.presentable(value)))
        except RemoteProtocolError:
            continue
    return found
