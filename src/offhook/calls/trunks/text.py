"""Trunks written as text, as the file and the API have them: names of what is meant in every complaint.

All functions raise ``ValueError`` with a sentence.
"""

from __future__ import annotations

import re

from offhook.calls.trunks.trunk import CallerHeader, Gateway
from offhook.media.srtp import SrtpPolicy

_WORD = re.compile(r"(priority|weight)=([0-9]{1,5})")


def gateway_of(text: str) -> Gateway:
    """``URI priority=N weight=N``."""
    uri, *words = text.split()
    values = {}
    for word in words:
        match = _WORD.fullmatch(word)
        if match is None:
            raise ValueError(f"the gateway {text[:120]!r} holds {word[:40]!r}; write priority=10 or weight=10")
        values[match[1]] = int(match[2])
    return Gateway(uri=uri, priority=values.get("priority", 10), weight=values.get("weight", 10))


def caller_header_of(text: str) -> CallerHeader:
    """By its name."""
    for header in CallerHeader:
        if header.value.lower() == text.strip().lower():
            return header
    raise ValueError(f"the caller header {text[:80]!r} is none of {', '.join(CallerHeader)}")


def srtp_of(text: str) -> SrtpPolicy | None:
    """By its name; None for an empty text."""
    word = text.strip().lower()
    if not word:
        return None
    for policy in SrtpPolicy:
        if policy.value == word:
            return policy
    raise ValueError(f"the SRTP policy {text[:80]!r} is none of {', '.join(policy.value for policy in SrtpPolicy)}")


def words_of(text: str) -> tuple[str, ...]:
    """Items that are separated by commas, spaces or line breaks."""
    return tuple(part for part in re.split(r"[\s,]+", text) if part)
