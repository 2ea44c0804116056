"""A registrar's desk for tests of admission: one client, and a phone that knows the password or guesses."""

from __future__ import annotations

from dataclasses import replace

from offhook.calls.admission import Admission, Admitted
from offhook.calls.authentication import Authentication
from offhook.calls.trunks.book import TrunkBook
from offhook.calls.trunks.live import Trunks
from offhook.calls.trunks.trunk import Trunk
from offhook.security.digest import ha1_of_every_algorithm
from offhook.sip.bans import Bans
from offhook.sip.digest import Challenge, Challenger, respond
from offhook.sip.events import CallHandle, IncomingCall, RegisterReceived, RequestHandle
from offhook.sip.flow import Flow, HostPort, Transport
from offhook.sip.message import parse
from offhook.sip.registrar import Registrar
from offhook.sip.settings import BanSettings
from offhook.sip.sources import TrustedNetworks
from offhook.sip.testing import counted_bits
from tests.calls.twins import DirectoryTwin

SOURCE = Flow(Transport.UDP, "192.0.2.7", 40_000)
OURS = HostPort("198.51.100.9", 5060)


class Replies:
    """The part of signalling that admission uses."""

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.headers: dict[str, str] = {}
        self.challenges: list[str] = []

    def local_address(self, peer: Flow) -> HostPort:
        return OURS

    def reply(self, handle: RequestHandle, code: int, reason: str = "", *, headers=(), body: bytes = b"") -> None:
        self.codes.append(code)
        self.headers = dict(headers)

    def refuse(self, code: int, reason: str) -> None:
        self.codes.append(code)

    def challenge(self, handle: RequestHandle, challenges: list[str], *, proxy: bool = False) -> None:
        self.codes.append(407 if proxy else 401)
        self.challenges = challenges


class Desk:
    """A registrar with one client, and a phone that knows the password or guesses."""

    def __init__(
        self, *, trust: tuple[str, ...] = (), trunks: tuple[Trunk, ...] = (), strangers: bool = True, **bans: float
    ) -> None:
        self.now = 1_000.0
        self.directory = DirectoryTwin()
        self.directory.clients["bob"] = replace(
            self.directory.clients["bob"], ha1=ha1_of_every_algorithm("bob", "pbx.test", "right")
        )
        self.registrar = Registrar()
        self.replies = Replies()
        self.cseq = 0
        trusted = TrustedNetworks(trust)
        authentication = Authentication(
            directory=self.directory,
            challenger=Challenger(b"0123456789abcdef", random_bits=counted_bits(3)),
            bans=Bans(BanSettings(**bans), trusted),
            domain="pbx.test",
            lookup_timeout=2.0,
            now=lambda: self.now,
        )
        self.admission = Admission(
            authentication=authentication,
            registrar=self.registrar,
            trusted=trusted,
            trunks=Trunks(TrunkBook.of(trunks), now=lambda: self.now, random_bits=lambda _: 0),
            strangers=strangers,
            now=lambda: self.now,
        )
        self.admitted: Admitted | None = None

    async def register(
        self,
        login: str = "bob",
        authorization: str = "",
        expires: int = 300,
        source: Flow = SOURCE,
        contact: str = "",
        headers: tuple[str, ...] = (),
    ) -> int:
        self.cseq += 1
        lines = [
            "REGISTER sip:pbx.test SIP/2.0",
            "Via: SIP/2.0/UDP 192.0.2.7:40000;branch=z9hG4bKabc",
            f"From: <sip:{login}@pbx.test>;tag=1",
            f"To: <sip:{login}@pbx.test>",
            "Call-ID: one",
            f"CSeq: {self.cseq} REGISTER",
            f"Contact: <sip:{login}@10.0.0.9:5060>;expires={expires}{contact}",
            "Max-Forwards: 70",
            *headers,
            "Content-Length: 0",
        ]
        if authorization:
            lines.append(f"Authorization: {authorization}")
        request = parse(("\r\n".join(lines) + "\r\n\r\n").encode())
        event = RegisterReceived(handle=RequestHandle(self.cseq), request=request, source=source)
        await self.admission.register(event, self.replies)
        return self.replies.codes[-1]

    async def call(self, user: str, host: str, authorization: str = "", source: Flow = SOURCE) -> int | None:
        """The refusal of a call of ``user``; None when it is admitted, as ``admitted``."""
        lines = [
            "INVITE sip:1000@pbx.test SIP/2.0",
            "Via: SIP/2.0/UDP 192.0.2.7:40000;branch=z9hG4bKabd",
            f"From: <sip:{user}@{host}>;tag=1",
            "To: <sip:1000@pbx.test>",
            "Call-ID: two",
            "CSeq: 1 INVITE",
            "Content-Length: 0",
        ]
        if authorization:
            lines.append(f"Proxy-Authorization: {authorization}")
        request = parse(("\r\n".join(lines) + "\r\n\r\n").encode())
        event = IncomingCall(call=CallHandle(1), request=request, source=source, offer=None)
        self.replies.codes.clear()
        self.admitted = await self.admission.call(event, self.replies, self.replies)
        assert (self.admitted is None) == bool(self.replies.codes)
        return self.replies.codes[-1] if self.replies.codes else None

    def credentials(
        self, password: str, login: str = "bob", which: int = 0, *, method: str = "REGISTER", uri: str = "sip:pbx.test"
    ) -> str:
        challenge = Challenge.parse(self.replies.challenges[which])
        return str(respond(challenge, method=method, uri=uri, username=login, password=password, cnonce="c"))
