"""What session descriptions say of ICE, DTLS and bundles (RFC 8839, RFC 8122, RFC 5763, RFC 9143): read and written.

Who checks paths and shakes hands is the media engine; here are only the words. What cannot be read counts as absent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

WEB_PROFILES: Final = ("UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP")
"""Protocols of an m-line whose keys come by a DTLS handshake; the first is what browsers say."""
HASHES: Final = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
"""Hash functions of fingerprints that are understood, with their bytes."""
MAX_CANDIDATES: Final = 32
"""Candidates of one stream that are looked at."""

_CREDENTIAL: Final = re.compile(r"[A-Za-z0-9+/]{4,256}")
_CANDIDATE: Final = re.compile(
    r"[A-Za-z0-9+/]{1,32} [0-9]{1,3} [A-Za-z]{1,10} [0-9]{1,10} [0-9A-Fa-f.:]{2,45} [0-9]{1,5} typ .{1,200}"
)
_FINGERPRINT: Final = re.compile(r"([A-Za-z0-9-]{1,20})\s+((?:[0-9A-Fa-f]{2}:){15,63}[0-9A-Fa-f]{2})")
_MID: Final = re.compile(r"[!-~]{1,64}")
_SETUPS: Final = frozenset({"actpass", "active", "passive"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """Of a certificate."""

    hash: str
    """A hash function of ``HASHES``."""
    digest: bytes

    @classmethod
    def parse(cls, value: str) -> Fingerprint | None:
        """Read what follows ``a=fingerprint:``; None for a hash that is not understood."""
        match = _FINGERPRINT.fullmatch(value.strip())
        if match is None or len(digest := bytes.fromhex(match[2].replace(":", ""))) != HASHES.get(match[1].lower()):
            return None
        return cls(hash=match[1].lower(), digest=digest)

    def __str__(self) -> str:
        return f"{self.hash} {self.digest.hex(':').upper()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebTransport:
    """How a stream is reached by ICE, and who its DTLS handshake is with."""

    ufrag: str
    password: str = field(repr=False)
    fingerprint: Fingerprint
    setup: str
    """actpass, active or passive (RFC 4145): who begins the handshake."""
    candidates: tuple[str, ...] = ()
    """What follows ``a=candidate:``. Of a far end, those with an IP address: names that hide one (``.local``) lead nowhere."""
    complete: bool = False
    """No candidates will follow."""
    trickles: bool = False
    """It takes candidates that follow later (RFC 8840)."""
    lite: bool = False
    """It answers connectivity checks and makes none (RFC 8445 section 2.5)."""

    def lines(self) -> list[str]:
        """As attributes of a stream."""
        return [
            f"a=ice-ufrag:{self.ufrag}",
            f"a=ice-pwd:{self.password}",
            f"a=fingerprint:{self.fingerprint}",
            f"a=setup:{self.setup}",
            *(f"a=candidate:{item}" for item in self.candidates),
            *(["a=end-of-candidates"] if self.complete else []),
        ]


class WebAttributes:
    """Collects the attributes of one stream, or those of a session, which hold where a stream says nothing."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._fingerprint: Fingerprint | None = None
        self._candidates: list[str] = []
        self._complete = self._trickles = False
        self.mid: str | None = None
        self.bundle: tuple[str, ...] = ()
        """Streams that share one path."""
        self.lite = False
        """The far end makes no checks."""

    def take(self, name: str, value: str) -> None:
        """One attribute, of any kind."""
        match name:
            case "ice-ufrag" | "ice-pwd":
                if _CREDENTIAL.fullmatch(value):
                    self._values.setdefault(name, value)
            case "fingerprint":
                self._fingerprint = self._fingerprint or Fingerprint.parse(value)
            case "setup":
                if value.lower() in _SETUPS:
                    self._values.setdefault(name, value.lower())
            case "candidate":
                if len(self._candidates) < MAX_CANDIDATES and readable(value):
                    self._candidates.append(value)
            case "end-of-candidates":
                self._complete = True
            case "ice-options":
                self._trickles = self._trickles or "trickle" in value.lower().split()
            case "ice-lite":
                self.lite = True
            case "mid":
                self.mid = value if _MID.fullmatch(value) else self.mid
            case "group":
                words = value.split()
                if words[:1] == ["BUNDLE"] and not self.bundle:
                    self.bundle = tuple(words[1:])
            case _:
                pass

    def finished(self, session: WebAttributes) -> WebTransport | None:
        """What they come to; None where something that is needed is missing."""
        values = session._values | self._values
        fingerprint = self._fingerprint or session._fingerprint
        if fingerprint is None or not {"ice-ufrag", "ice-pwd"} <= values.keys():
            return None
        return WebTransport(
            ufrag=values["ice-ufrag"],
            password=values["ice-pwd"],
            fingerprint=fingerprint,
            setup=values.get("setup", "actpass"),
            candidates=tuple(self._candidates),
            complete=self._complete or session._complete,
            trickles=self._trickles or session._trickles,
            lite=session.lite,
        )


def readable(candidate: str) -> bool:
    """Whether a candidate has an IP address and the form of RFC 8839."""
    return _CANDIDATE.fullmatch(candidate) is not None


def address_of(candidate: str) -> str:
    """The IP address of a readable candidate."""
    return candidate.split()[4]


def host_candidates(hosts: Sequence[str], port: int, *, tcp: bool) -> tuple[str, ...]:
    """Candidates of a server that is reached at ``hosts``, by UDP or else by connections to the same port (RFC 6544)."""
    lines = []
    for index, host in enumerate(hosts):
        preference = 65_535 - index
        lines.append(f"{index + 1} 1 udp {_priority(126, preference)} {host} {port} typ host")
        if tcp:
            lines.append(f"{index + 101} 1 tcp {_priority(90, preference)} {host} {port} typ host tcptype passive")
    return tuple(lines)


def answers(setup: str) -> str:
    """Our part in the handshake, where theirs is ``setup``: passive if we may, as who comes through first begins."""
    return "active" if setup == "passive" else "passive"


def _priority(kind: int, preference: int) -> int:
    """RFC 8445 section 5.1.2.1, for the one component that there is."""
    return (kind << 24) | (preference << 8) | 255
