"""SRTP keys in session descriptions (RFC 4568): one ``a=crypto`` line, read and written, and which of them is taken.

No cipher is known here but by its name and the length of its key. A line that asks for more than one key, a key identifier, or
anything unenciphered or unauthenticated is none that we take, and so is as good as absent (section 6.3, 6.4.2).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

SUITES: Final = {
    "AEAD_AES_256_GCM": 44,
    "AEAD_AES_128_GCM": 28,
    "AES_256_CM_HMAC_SHA1_80": 46,
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
}
"""What the media engine speaks, the strongest first, with the bytes of a key and its salt."""
PLAIN_PROFILES: Final = ("RTP/AVP", "RTP/AVPF")
"""Protocols of an m-line that leave media readable, unless a crypto line says otherwise (RFC 8643)."""
SECURE_PROFILES: Final = ("RTP/SAVP", "RTP/SAVPF")
"""Protocols of an m-line that insist on SRTP by SDES."""

_TAG: Final = re.compile(r"[0-9]{1,9}")
_LIFETIME: Final = re.compile(r"2\^([0-9]{1,2})|([0-9]{1,15})")
_LEAST_LIFETIME: Final = 1 << 20
"""Packets: 5.8 hours of 20 ms; a key that lasts less would run out in a call, and keys are not changed by count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crypto:
    """One crypto line."""

    tag: int
    """Names the line within its m-line; an answer repeats it."""
    suite: str
    key: bytes = field(repr=False)
    """Master key and salt; of the side that wrote the line, for what it sends."""

    @classmethod
    def parse(cls, value: str) -> Crypto | None:
        """Read what follows ``a=crypto:``; None for a line that we do not take."""
        words = value.split()
        if len(words) < 3 or _TAG.fullmatch(words[0]) is None or words[1] not in SUITES:
            return None
        method, _, parameters = words[2].partition(":")
        text, *limits = parameters.split("|")
        if method.lower() != "inline" or not all(map(_lasts, limits)) or not all(map(_harmless, words[3:])):
            return None
        try:
            key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        except (binascii.Error, ValueError):
            return None
        return cls(tag=int(words[0]), suite=words[1], key=key) if len(key) == SUITES[words[1]] else None

    def __str__(self) -> str:
        return f"{self.tag} {self.suite} inline:{base64.b64encode(self.key).decode()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keying:
    """The keys of both directions, as agreed."""

    suite: str
    sends: bytes = field(repr=False)
    receives: bytes = field(repr=False)


def lines_of(keys: Mapping[str, bytes]) -> tuple[Crypto, ...]:
    """Our offer: a line for each suite, the strongest first."""
    suites = [suite for suite in SUITES if suite in keys]
    return tuple(Crypto(tag=tag, suite=suite, key=keys[suite]) for tag, suite in enumerate(suites, 1))


def accepted(offered: Sequence[Crypto], keys: Mapping[str, bytes]) -> Crypto | None:
    """Our line that accepts the first of theirs whose suite we have a key for."""
    return next(
        (Crypto(tag=line.tag, suite=line.suite, key=keys[line.suite]) for line in offered if line.suite in keys), None
    )


def agreed(ours: Sequence[Crypto], theirs: Sequence[Crypto]) -> Keying | None:
    """What an offer and its answer make, whichever is whose. Some answerers number their line anew; its suite tells."""
    for by_tag in (True, False):
        for their in theirs:
            for our in ours:
                if our.suite == their.suite and (our.tag == their.tag or not by_tag):
                    return Keying(suite=our.suite, sends=our.key, receives=their.key)
    return None


def _lasts(limit: str) -> bool:
    """A lifetime that is long enough; what has a colon is a key identifier (MKI), whose bytes we would not know to send."""
    match = _LIFETIME.fullmatch(limit)
    return match is not None and (1 << int(match[1]) if match[1] else int(match[2])) >= _LEAST_LIFETIME


def _harmless(parameter: str) -> bool:
    """A session parameter that may be ignored (section 6.3.7), or only hints at the size of a window."""
    return parameter.startswith(("-", "WSH="))
