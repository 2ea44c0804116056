"""The audio of one SIP leg: its media session, and what both sides said about it in SDP (RFC 3264)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from offhook.media.commands import Codec, Direction
from offhook.media.keypad import DtmfWay, InbandDtmf, SignalKey
from offhook.media.opus import Opus
from offhook.media.session import MediaSession
from offhook.media.settings import MediaSettings
from offhook.media.srtp import Security, SrtpPolicy, SrtpSuite
from offhook.media.webrtc import BrowserPeer, IceCredentials
from offhook.security.egress import Egress
from offhook.sip import offer as offers
from offhook.sip.codecs import OpusWishes
from offhook.sip.crypto import SUITES
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.flow import Flow, Transport
from offhook.sip.ice import Fingerprint, WebTransport, address_of, host_candidates
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
        self.browser = False
        """Whether the far end is a browser, as the way to it or its offer tells."""
        self._web: WebTransport | None = None
        """How we are reached by it."""
        self._their_name: str | None = None
        """Their user fragment; a new one is an ICE restart."""

    @property
    def offered(self) -> bool:
        """Whether we have said anything yet."""
        return self._ours is not None

    def signalled_over(self, flow: Flow, contact: str | None = None) -> None:
        """How SDP travels: only TLS is confidential; and where the far end is, as signalling knows it.

        ``contact`` is the transport that its own address names, which differs where a proxy stands before it.
        """
        self.confidential = flow.transport.secure
        self._peer = flow.host
        self.browser = flow.transport.web or contact in (Transport.WS, Transport.WSS)

    async def open(self, local: str, offer: bytes | None = None) -> None:
        """Open the sockets; ``local`` is the address by which the peer knows us, ``offer`` what it offered, if it did."""
        if self.session.local is not None:
            return
        if offer is not None:
            self.browser = offers.is_web(Sdp.parse(offer))
        self._host = self._addresses.advertised(local)
        if self.browser:
            await self._open_to_browser(offering=offer is None)
        else:
            await self.session.open(self._addresses.bound(local))

    async def _open_to_browser(self, *, offering: bool) -> None:
        ufrag, password = self._credentials()
        lite = self._addresses.media.ice == "lite"
        opened = await self.session.open_to_browser(
            IceCredentials(ufrag=ufrag, password=password), lite=lite, controlling=offering and not lite
        )
        assert opened.fingerprint is not None
        name, digest = opened.fingerprint
        self.codecs = self._addresses.media.browser_codecs or self.codecs
        self._web = WebTransport(
            ufrag=ufrag,
            password=password,
            fingerprint=Fingerprint(hash=name, digest=digest),
            setup="passive",
            candidates=host_candidates((self._host,), opened.port, tcp=True),
            complete=True,
            lite=lite,
        )

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
                web=self._web,
            )
        else:
            self._ours = offers.reoffer(self._ours, direction="sendrecv")
        return bytes(self._ours)

    def answer(self, data: bytes) -> tuple[bytes, Agreement]:
        """Our answer to their offer. Raises ``RemoteProtocolError``."""
        offer = Sdp.parse(data)
        ours, agreement = self._answer(offer)
        theirs = agreement.web
        if theirs is not None and self._web is not None and self._their_name not in (None, theirs.ufrag):
            ufrag, password = self._credentials()  # they restart ICE, so must we (RFC 8839 section 4.4.1.1.1)
            self._web = replace(self._web, ufrag=ufrag, password=password)
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
            web=self._web,
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
        self._their_name = None if agreement.web is None else agreement.web.ufrag
        peer = self._browser_peer(agreement)
        host = self._peer if peer is not None else self._addresses.remote(agreement.host, self._peer)
        await self.session.connect(
            remote=(host, agreement.port),
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
            peer=peer,
        )

    def _browser_peer(self, agreement: Agreement) -> BrowserPeer | None:
        theirs, ours = agreement.web, self._web
        if theirs is None or ours is None:
            return None
        return BrowserPeer(
            local=IceCredentials(ufrag=ours.ufrag, password=ours.password),
            remote=IceCredentials(ufrag=theirs.ufrag, password=theirs.password),
            fingerprint=(theirs.fingerprint.hash, theirs.fingerprint.digest),
            active=agreement.active,
            candidates=tuple(filter(self._may_try, theirs.candidates)),
        )

    def _may_try(self, candidate: str) -> bool:
        """Whether connectivity checks may go there: what ``MediaAddresses.remote`` keeps audio from, they keep from too."""
        address = address_of(candidate)
        return self._addresses.remote(address, self._peer) == address

    def _credentials(self) -> tuple[str, str]:
        """A user fragment and a password, of 64 and 128 random bits (RFC 8445 section 5.3 wants 24 and 128)."""
        return f"{self._random_bits(64):016x}", f"{self._random_bits(128):032x}"

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
