"""Keys in INFO bodies: ``application/dtmf-relay`` (``Signal=5``, ``Duration=160``) and ``application/dtmf`` (``5``)."""

from __future__ import annotations

import re
from typing import NamedTuple

MEDIA_TYPES = ("application/dtmf-relay", "application/dtmf")

_SIGNAL = re.compile(rb"^[ \t]*signal[ \t]*=[ \t]*([0-9*#a-d]|1[0-5])[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_DURATION = re.compile(rb"^[ \t]*duration[ \t]*=[ \t]*([0-9]{1,5})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_BARE = re.compile(rb"\s*([0-9*#a-d]|1[0-5])\s*", re.IGNORECASE)
_NUMBERED = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}
"""Some gateways write the event codes of RFC 4733."""
_USUAL = 0.1
RELAY = MEDIA_TYPES[0]
"""What we send."""


class Key(NamedTuple):
    """A key and how long it was held, in seconds."""

    digit: str
    duration: float


def read(content_type: str, body: bytes) -> Key | None:
    """The key in an INFO body of one of ``MEDIA_TYPES``; None when there is none in it."""
    signal = _SIGNAL.search(body) or _BARE.fullmatch(body)
    if signal is None:
        return None
    text = signal[1].decode("ascii").upper()
    duration = _DURATION.search(body) if content_type == "application/dtmf-relay" else None
    seconds = int(duration[1]) / 1000 if duration is not None else 0.0
    return Key(_NUMBERED.get(text, text), seconds or _USUAL)


def written(digit: str, milliseconds: int) -> bytes:
    """A body of the type ``RELAY``."""
    return f"Signal={digit}\r\nDuration={milliseconds}\r\n".encode("ascii")
