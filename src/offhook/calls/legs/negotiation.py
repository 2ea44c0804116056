"""The audio of one SIP leg: its media session, and what both sides said about it in SDP (RFC 3264)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from offhook.media.commands import Codec, Direction
from offhook.media.session import MediaSession
from offhook.media.settings import MediaSettings
from offhook.sip import offer as offers
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.offer import Agreement
from offhook.sip.sdp import Sdp
from offhook.sip.settings import SipSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaAddresses:
    """Which address RTP sockets bind and which one SDP names."""

    media: MediaSettings
    sip: SipSettings

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


class Negotiation:
    """Who said what last, and the media session that follows it."""

    def __init__(self, session: MediaSession, addresses: MediaAddresses, random_bits: Callable[[int], int]) -> None:
        self.session = session
        self._addresses = addresses
        self._random_bits = random_bits
        self._ours: Sdp | None = None
        self._host = ""
        self.codecs: Sequence[str] = offers.CODECS
        """What our first offer names, the preferred one first."""

    @property
    def offered(self) -> bool:
        """Whether we have said anything yet."""
        return self._ours is not None

    async def open(self, local: str) -> None:
        """Open the sockets; ``local`` is the address by which the peer knows us."""
        if self.session.local is None:
            await self.session.open(self._addresses.bound(local))
            self._host = self._addresses.advertised(local)

    def offer(self) -> bytes:
        """Our offer: the first one, or what was agreed on, both ways again: who asks for an offer may end a hold by it."""
        if self._ours is None:
            self._ours = offers.make_offer(self._host, self._port, session_id=self._random_bits(31), codecs=self.codecs)
        else:
            self._ours = offers.reoffer(self._ours, direction="sendrecv")
        return bytes(self._ours)

    def answer(self, data: bytes) -> tuple[bytes, Agreement]:
        """Our answer to their offer. Raises ``RemoteProtocolError``."""
        ours, agreement = offers.answer(
            Sdp.parse(data), self._host, self._port, session_id=self._random_bits(31), previous=self._ours
        )
        self._ours = ours
        return bytes(ours), agreement

    def agree(self, data: bytes | None) -> Agreement:
        """What their answer makes of our offer. Raises ``RemoteProtocolError``."""
        if data is None or self._ours is None:
            raise RemoteProtocolError("an answer without a session description", 488)
        return offers.agree(self._ours, Sdp.parse(data))

    async def follow(self, agreement: Agreement) -> None:
        """Let audio flow as agreed. Raises ``MediaFailed``."""
        await self.session.connect(
            remote=(agreement.host, agreement.port),
            codec=Codec(agreement.codec),
            payload_type=agreement.payload_type,
            accepts={number: Codec(name) for number, name in agreement.accepts.items()},
            dtmf_payload_type=agreement.dtmf_payload_type,
            dtmf_accepts=agreement.dtmf_accepts,
            ptime=agreement.ptime,
            direction=Direction(agreement.direction),
        )

    @property
    def _port(self) -> int:
        assert self.session.local is not None
        return self.session.local.port
