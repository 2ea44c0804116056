"""Settings of the media engine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSettings:
    """Section ``media``."""

    host: str = ""
    """Address that RTP sockets bind; empty: the one that signalling uses towards the peer."""
    advertise: str = ""
    """Address that SDP carries; empty: the one that routes to the peer."""
    port_low: int = 16_384
    """First UDP port for RTP, 1024..65534, even."""
    port_high: int = 32_767
    """Last UDP port for RTCP."""
    shards: int = 0
    """Media threads, 0..64; 0 is one per core but one, at least one."""
    rtp_timeout: float = 60.0
    """Seconds without a packet from a far end that should send, after which its call is ended; 0 never."""

    def __post_init__(self) -> None:
        if not 1024 <= self.port_low < self.port_high <= 65535:
            raise ValueError(
                f"media.port_low {self.port_low} and port_high {self.port_high} are no range in 1024..65535"
            )
