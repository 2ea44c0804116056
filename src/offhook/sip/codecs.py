"""The audio codecs that can be agreed on, as session descriptions write them (RFC 3551, RFC 4733, RFC 7587)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from offhook.sip.errors import LocalProtocolError
from offhook.sip.sdp import TELEPHONE_EVENT, Format

CODECS: Final = ("PCMU", "PCMA", "G722", "OPUS", "L16/8000", "L16/16000", "L16/48000")
"""What the media engine speaks, under the names that settings and media commands have for it."""
USUAL: Final = ("PCMU", "PCMA", "G722", "OPUS")
"""Those that are offered and taken where nothing else is wished. G.711 first: most peers have it, so nothing is converted."""
DTMF_PAYLOAD_TYPES: Final = {8000: 101, 48_000: 110}
"""The numbers for telephone-event in our own offers, by clock rate."""
DTMF_EVENTS: Final = "0-15"
"""The sixteen keys."""

NOISE: Final = Format(payload_type=13, name="CN")
"""Comfort noise."""

_FORMATS: Final = {
    "PCMU": Format(payload_type=0, name="PCMU"),
    "PCMA": Format(payload_type=8, name="PCMA"),
    "G722": Format(payload_type=9, name="G722"),
    "OPUS": Format(payload_type=107, name="OPUS", clock_rate=48_000, channels=2, parameters="useinbandfec=1"),
    "L16/8000": Format(payload_type=117, name="L16"),
    "L16/16000": Format(payload_type=118, name="L16", clock_rate=16_000),
    "L16/48000": Format(payload_type=119, name="L16", clock_rate=48_000),
}
_NAMES: Final = {(item.name, item.clock_rate, item.channels): name for name, item in _FORMATS.items()}
_PARAMETER: Final = re.compile(r"\s*([a-z]+)\s*=\s*([0-9]{1,9})\s*", re.IGNORECASE)
_OPUS_BITRATES: Final = (6000, 510_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpusWishes:
    """What a far end says of the Opus that it likes to receive (RFC 7587 section 6.1)."""

    most: int = 510_000
    """Bits per second on average, 6000..510000."""
    fec: bool = False
    """It makes use of in-band error correction."""
    dtx: bool = False
    """It prefers that silence is not sent."""

    @classmethod
    def parse(cls, parameters: str) -> OpusWishes:
        """Read an fmtp text; what cannot be read counts as absent."""
        matches = [_PARAMETER.fullmatch(part) for part in parameters.split(";")]
        values = {match[1].lower(): int(match[2]) for match in matches if match is not None}
        low, high = _OPUS_BITRATES
        return cls(
            most=min(high, max(low, values.get("maxaveragebitrate", high))),
            fec=values.get("useinbandfec") == 1,
            dtx=values.get("usedtx") == 1,
        )


def codec_of(item: Format) -> str | None:
    """Our name for what a payload type holds; None for what we do not speak."""
    return _NAMES.get((item.name, item.clock_rate, item.channels))


def format_of(codec: str) -> Format:
    """A codec as we offer it."""
    if codec not in _FORMATS:
        raise LocalProtocolError(f"not a codec that can be offered: {codec!r}")
    return _FORMATS[codec]


def parameters_of(codec: str) -> str:
    """What we say of the codec when we answer."""
    return _FORMATS[codec].parameters


def clock_of(codec: str) -> int:
    """Hz of the RTP clock, which telephone-events beside it share (RFC 4733 section 2.1)."""
    return _FORMATS[codec].clock_rate


def dtmf_format(payload_type: int, clock_rate: int = 8000) -> Format:
    """telephone-event under a number."""
    return Format(payload_type=payload_type, name=TELEPHONE_EVENT, clock_rate=clock_rate, parameters=DTMF_EVENTS)


def noise_of(formats: tuple[Format, ...], codec: str) -> Format | None:
    """Comfort noise that goes with the codec: only at 8 kHz is there any (RFC 3389)."""
    return next((item for item in formats if item.name == NOISE.name and clock_of(codec) == item.clock_rate), None)


def dtmf_of(formats: tuple[Format, ...], codec: str) -> Format | None:
    """The telephone-event that goes with the codec: on its clock; failing that, the one at 8 kHz, which every gateway reads."""
    events = {item.clock_rate: item for item in reversed(formats) if item.name == TELEPHONE_EVENT}
    return events.get(clock_of(codec)) or events.get(8000)
