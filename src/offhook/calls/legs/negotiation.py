"""The audio of one SIP leg: its media session, and what both sides said about it in SDP (RFC 3264)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from offhook.media.commands import Codec, Direction, Opus
from offhook.media.keypad import DtmfWay, InbandDtmf, SignalKey
from offhook.media.session import MediaSession
from offhook.media.settings import MediaSettings
from offhook.media.srtp import Security, SrtpPolicy, SrtpSuite
from offhook.security.egress import Egress
from offhook.sip import offer as offers
from offhook.sip.codecs import OpusWishes
from offhook.sip.crypto import SUITES
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.flow import Flow
from offhook.sip.offer import Agreement
from offhook.sip.sdp import Sdp
from offhook.sip.settings import SipSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaAddresses:
    """Which address RTP sockets bind and which one SDP names."""

    media: MediaSettings
    sip: SipSettings
    egress: Egress = field(default_factory=Egress)
    """Which addresses are on the public internet, or allowed like those."""

    def bound(self, local: str) -> str:
        """The address to bind, where ``local`` is what signalling calls us; an advertised one need not be ours."""
        if self.media.host:
            return self.media.host
        if self.sip.translated:
            return "::" if ":" in local else "0.0.0.0"  # noqa: S104 - asked for by --advertise
        return local

    def advertised(self, local: str) -> str:
        """The address that the far end shall send to."""
        return self.media.advertise or local

    def remote(self, named: str, peer: str) -> str:
        """The address that we send to, where SDP names ``named`` and signalling knows the far end as ``peer``.

        Somebody out on the public internet cannot make us send into internal networks: the address that he names there
        is of no use anyway, and his own packets will show where he is. Among internal addresses SDP is believed.
        """
        return named if self.egress.permits(named) or not self.egress.permits(peer) else peer


class Negotiation:
    """Who said what last, and the media session that follows it."""

    def __init__(self, session: MediaSession, addresses: MediaAddresses, random_bits: Callable[[int], int]) -> None:
        self.session = session
        self._addresses = addresses
        self._random_bits = random_bits
        self._ours: Sdp | None = None
        self._host = ""
        self._peer = ""
        self.codecs: Sequence[str] = addresses.media.codecs
        """What we speak, the preferred one first; a trunk may have it otherwise."""
        self.srtp = SrtpPolicy(addresses.media.srtp)
        """Whether media is enciphered; a trunk may have it otherwise."""
        self.signal_key: SignalKey | None = None
        """Sends keys by INFO, once there is a dialog."""
        self._dtmf = DtmfWay(addresses.media.dtmf)
        self._signalled = False
        self._agreement: Agreement | None = None
        self._inband = InbandDtmf(addresses.media.inband_dtmf)
        self.confidential = False
        """Whether nobody on the way reads the keys that SDP carries."""
        self._keys: dict[str, bytes] = {}
        self._their_key: bytes | None = None

    @property
    def offered(self) -> bool:
        """Whether we have said anything yet."""
        return self._ours is not None

    def signalled_over(self, flow: Flow) -> None:
        """How SDP travels: only TLS is confidential; and where the far end is, as signalling knows it."""
        self.confidential = flow.transport.secure
        self._peer = flow.host

    async def open(self, local: str) -> None:
        """Open the sockets; ``local`` is the address by which the peer knows us."""
        if self.session.local is None:
            await self.session.open(self._addresses.bound(local))
            self._host = self._addresses.advertised(local)

    def offer(self) -> bytes:
        """Our offer: the first one, or what was agreed on, both ways again: who asks for an offer may end a hold by it."""
        if self._ours is None:
            self._ours = offers.make_offer(
                self._host,
                self._port,
                session_id=self._random_bits(31),
                codecs=self.codecs,
                keys=self._own_keys() if self._offers_srtp else {},
                insist=self.srtp is SrtpPolicy.REQUIRED,
                comfort_noise=self._addresses.media.comfort_noise,
            )
        else:
            self._ours = offers.reoffer(self._ours, direction="sendrecv")
        return bytes(self._ours)

    def answer(self, data: bytes) -> tuple[bytes, Agreement]:
        """Our answer to their offer. Raises ``RemoteProtocolError``."""
        offer = Sdp.parse(data)
        ours, agreement = self._answer(offer)
        if (
            self._their_key is not None
            and agreement.keying is not None
            and agreement.keying.receives != self._their_key
        ):
            # Theirs is new, and perhaps so is who has it: they start counting packets at zero, so must we.
            self._keys.clear()
            ours, agreement = self._answer(offer)
        self._ours = ours
        return bytes(ours), agreement

    def _answer(self, offer: Sdp) -> tuple[Sdp, Agreement]:
        welcome = self.srtp is not SrtpPolicy.OFF and any(media.crypto for media in offer.media)
        return offers.answer(
            offer,
            self._host,
            self._port,
            session_id=self._random_bits(31),
            codecs=self.codecs,
            previous=self._ours,
            keys=self._own_keys() if welcome else {},
            insist=self.srtp is SrtpPolicy.REQUIRED,
            comfort_noise=self._addresses.media.comfort_noise,
        )

    def agree(self, data: bytes | None) -> Agreement:
        """What their answer makes of our offer. Raises ``RemoteProtocolError``."""
        if data is None or self._ours is None:
            raise RemoteProtocolError("an answer without a session description", 488)
        return offers.agree(self._ours, Sdp.parse(data))

    async def keys_are_signalled(self) -> None:
        """The far end sent a key by INFO: where it knows no events, it gets keys in the same way. Raises ``MediaFailed``."""
        if not self._signalled:
            self._signalled = True
            if self._agreement is not None and not self.session.closed:
                await self.follow(self._agreement)

    async def follow(self, agreement: Agreement) -> None:
        """Let audio flow as agreed. Raises ``MediaFailed``."""
        self._agreement = agreement
        events = agreement.dtmf_payload_type is not None
        signals = self.signal_key is not None and self._dtmf.signals(events=events, signalled=self._signalled)
        self.session.signal_key = self.signal_key if signals else None
        self._their_key = None if agreement.keying is None else agreement.keying.receives
        await self.session.connect(
            remote=(self._addresses.remote(agreement.host, self._peer), agreement.port),
            codec=Codec(agreement.codec),
            payload_type=agreement.payload_type,
            accepts={number: Codec(name) for number, name in agreement.accepts.items()},
            dtmf_payload_type=None if self._dtmf is DtmfWay.INBAND else agreement.dtmf_payload_type,
            dtmf_accepts=agreement.dtmf_accepts,
            dtmf_clock=agreement.dtmf_clock,
            dtmf_signalled=signals,
            inband_dtmf=self._inband.hears(events=agreement.dtmf_accepts is not None),
            ptime=agreement.ptime,
            direction=Direction(agreement.direction),
            security=_security(agreement),
            opus=self._opus(agreement),
            rtcp_mux=agreement.rtcp_mux,
            comfort_noise=agreement.comfort_noise,
        )

    def _opus(self, agreement: Agreement) -> Opus:
        """Opus as both sides like it."""
        media, wishes = self._addresses.media, OpusWishes.parse(agreement.parameters)
        return Opus(
            bitrate=min(media.opus_bitrate, wishes.most),
            complexity=media.opus_complexity,
            fec=wishes.fec,
            dtx=wishes.dtx,
        )

    @property
    def _offers_srtp(self) -> bool:
        return self.srtp is SrtpPolicy.REQUIRED or (self.srtp is SrtpPolicy.OPTIONAL and self.confidential)

    def _own_keys(self) -> dict[str, bytes]:
        """Our master keys by suite; made when they are first needed, and kept while theirs stays the same."""
        if not self._keys:
            self._keys = {suite: self._random_bits(8 * size).to_bytes(size, "big") for suite, size in SUITES.items()}
        return self._keys

    @property
    def _port(self) -> int:
        assert self.session.local is not None
        return self.session.local.port


def _security(agreement: Agreement) -> Security | None:
    keying = agreement.keying
    if keying is None:
        return None
    return Security(suite=SrtpSuite(keying.suite), sends=keying.sends, receives=keying.receives)
