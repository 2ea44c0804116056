"""How keys travel between us and a far end: as events, as tones, or by signalling, which the engine leaves to others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Protocol

from offhook.media.commands import DTMF_KEYS
from offhook.media.operation import MediaClosed, MediaFailed, Operation

RELAYED = 100
"""Milliseconds of a key that is passed on."""
WAITS = {"w": 500, "W": 1000}

SignalKey = Callable[[str, int], None]
"""Sends one key, held for so many milliseconds, by signalling."""


class InbandDtmf(StrEnum):
    """Whether keys are heard as tones."""

    AUTO = "auto"
    """Where the far end knows no telephone-event."""
    ALWAYS = "always"
    NEVER = "never"

    def hears(self, *, events: bool) -> bool:
        """Whether to listen for tones to a far end that knows ``events``, or does not."""
        return self is InbandDtmf.ALWAYS or (self is InbandDtmf.AUTO and not events)


class DtmfWay(StrEnum):
    """How keys are sent."""

    AUTO = "auto"
    """As events; to a far end that knows none as it sends its own: by INFO, or as tones."""
    RFC4733 = "rfc4733"
    """As events; as tones to a far end that knows none."""
    INFO = "info"
    """By SIP INFO (``application/dtmf-relay``)."""
    INBAND = "inband"
    """As tones."""

    def signals(self, *, events: bool, signalled: bool) -> bool:
        """Whether keys go by signalling to a far end that knows ``events`` and has ``signalled`` keys itself."""
        return self is DtmfWay.INFO or (self is DtmfWay.AUTO and not events and signalled)


class Line(Protocol):
    """A media session."""

    signal_key: SignalKey | None

    @property
    def closed(self) -> bool: ...

    def start_digits(self, digits: str, *, on: int = 100, off: int = 100) -> Operation[None]: ...


def pass_on(line: Line, key: str, *, signalled: bool) -> None:
    """Bring a key of the other end of a bridge to this one, unless the engine does: it passes on what it heard itself to who
    hears it. Raises ``MediaFailed``.
    """
    if line.signal_key is not None:
        line.signal_key(key, RELAYED)
    elif signalled:
        line.start_digits(key, on=RELAYED, off=0)


async def signal(line: Line, digits: str, on: int, off: int) -> None:
    """Send keys by signalling, one after the other; ``w`` and ``W`` wait. Raises ``MediaFailed``."""
    for key, milliseconds in _steps(digits, on, off):
        if line.closed or line.signal_key is None:
            raise MediaClosed("the media session was closed")
        if key:
            line.signal_key(key, on)
        await asyncio.sleep(milliseconds / 1000)


def _steps(digits: str, on: int, off: int) -> Iterator[tuple[str, int]]:
    if set(digits.upper()) - set(DTMF_KEYS) - {"W"}:
        raise MediaFailed("only 0-9, *, #, A-D, w and W can be sent as keys")
    for key in digits:
        yield ("", WAITS[key]) if key in WAITS else (key.upper(), on + off)
