"""Settings of the media engine."""

from __future__ import annotations

from dataclasses import dataclass

from offhook.media.commands import Codec
from offhook.media.keypad import DtmfWay, InbandDtmf
from offhook.media.srtp import SrtpPolicy


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
    jitter: int = 40
    """Least delay of the jitter buffer in milliseconds, 0..500; it grows on lines that need it."""
    jitter_max: int = 200
    """Greatest delay of the jitter buffer in milliseconds, jitter..500."""
    keepalive: float = 1.0
    """Seconds between packets of silence to a far end that hears nothing else (RFC 6263); 0 never."""
    prompt_cache: int = 64
    """Mebibytes of decoded prompts that are kept, 0..65536."""
    streams: int = 500
    """Sounds that may be decoded while they are played, each on a thread of its own, 1..10000: streams and long files."""
    rtp_timeout: float = 60.0
    """Seconds without a packet from a far end that should send, after which its call is ended; 0 never."""

    codecs: tuple[str, ...] = ("PCMU", "PCMA", "G722", "OPUS")
    """Audio codecs, the preferred one first, of PCMU, PCMA, G722, OPUS, L16/8000, L16/16000 and L16/48000. The order decides which
    one of an offer is taken, and is that of our offers. A trunk can have its own. Ends of a call that speak different ones
    are converted, which costs CPU."""
    comfort_noise: bool = False
    """Whether comfort noise (RFC 3389) is offered and taken with codecs at 8 kHz: then silence is not sent, ours nor theirs."""
    opus_bitrate: int = 32_000
    """Bits per second of Opus that is sent, 6000..510000, unless the far end wishes for less."""
    opus_complexity: int = 5
    """CPU against quality of Opus that is sent, 0..10."""
    dtmf: str = "auto"
    """How keys are sent: ``auto``: as events (RFC 4733); to a far end that knows none as it sends its own, by SIP INFO or as tones.
    ``rfc4733``, ``info`` or ``inband`` insist."""
    inband_dtmf: str = "auto"
    """Whether keys are heard as tones: ``auto``, where the far end knows no telephone-event; ``always``, besides those too;
    ``never``."""
    browser_host: str = ""
    """Address that the port for browsers binds; empty: that of ``host``, or all."""
    browser_port: int = 16_382
    """UDP and TCP port that all calls with browsers (WebRTC) share, 1024..65535; 0 takes a free one."""
    browser_timeout: float = 30.0
    """Seconds without a sign of a browser (RFC 7675) after which its call is ended, 5..300."""
    browser_codecs: tuple[str, ...] = ()
    """Audio codecs for browsers, the preferred one first; empty: those of ``codecs``. Opus sounds best; PCMU spares the CPU where
    the other end of the call is a phone."""
    ice: str = "lite"
    """``lite``: browsers find the way to us (RFC 8445 section 2.5); ``full``: we look for a way to them too, for a server that
    browsers cannot reach first."""
    srtp: str = "optional"
    """Enciphered media by keys in SDP (RFC 4568): ``off``; ``optional``: accepted when offered, and offered where SIP travels
    over TLS; ``required``: calls without it are refused. A trunk can have its own policy."""

    def __post_init__(self) -> None:
        if not 1024 <= self.port_low < self.port_high <= 65535:
            raise ValueError(
                f"media.port_low {self.port_low} and port_high {self.port_high} are no range in 1024..65535"
            )
        if not 0 <= self.shards <= 64:
            raise ValueError(f"media.shards {self.shards} is not in 0..64")
        if not 1 <= self.streams <= 10_000:
            raise ValueError(f"media.streams {self.streams} is not in 1..10000")
        if not 0 <= self.jitter <= self.jitter_max <= 500:
            raise ValueError(f"media.jitter {self.jitter} and jitter_max {self.jitter_max} are no range in 0..500")
        if self.dtmf not in set(DtmfWay):
            raise ValueError(f"media.dtmf {self.dtmf!r} is not one of {', '.join(DtmfWay)}")
        if self.inband_dtmf not in set(InbandDtmf):
            raise ValueError(f"media.inband_dtmf {self.inband_dtmf!r} is not one of {', '.join(InbandDtmf)}")
        if self.srtp not in set(SrtpPolicy):
            raise ValueError(f"media.srtp {self.srtp!r} is not one of {', '.join(SrtpPolicy)}")
        for name, codecs in (("codecs", self.codecs), ("browser_codecs", self.browser_codecs or self.codecs)):
            if not codecs or set(codecs) - set(Codec):
                given = ", ".join(codecs) or "is empty"
                raise ValueError(f"media.{name} {given}: one or more of {', '.join(Codec)}, separated by commas")
        if self.browser_port != 0 and not 1024 <= self.browser_port <= 65535:
            raise ValueError(f"media.browser_port {self.browser_port} is not 0 or in 1024..65535")
        if not 5 <= self.browser_timeout <= 300:
            raise ValueError(f"media.browser_timeout {self.browser_timeout} is not in 5..300")
        if self.ice not in ("lite", "full"):
            raise ValueError(f"media.ice {self.ice!r} is not lite or full")
        if not 6000 <= self.opus_bitrate <= 510_000:
            raise ValueError(f"media.opus_bitrate {self.opus_bitrate} is not in 6000..510000")
        if not 0 <= self.opus_complexity <= 10:
            raise ValueError(f"media.opus_complexity {self.opus_complexity} is not in 0..10")
