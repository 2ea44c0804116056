"""The servers that ``bench.signalling`` measures, each a process of its own: ``python -m bench.signalling_server KIND``.

``raw`` is the SIP machine and its driver with an owner that answers every call at once. ``plain`` does as little as one can
and still be called: it copies the headers that a response needs and remembers nothing. ``clients`` is the SIP side of a node,
registrar, authentication and location table included, with a directory in which every login is found. The port is the first line of output.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Sequence
from typing import Any, cast

import structlog
import uvloop

from offhook.calls.directory import AccountPolicy, ClientEntry, NumberRoute
from offhook.calls.legs.line_up import line_up
from offhook.calls.presence import Presence
from offhook.calls.settings import CallSettings
from offhook.media.fake import FakeEngine
from offhook.media.session import Sessions
from offhook.media.settings import MediaSettings
from offhook.security.digest import ha1
from offhook.security.settings import EgressSettings
from offhook.sip.asyncio.driver import SipDriver
from offhook.sip.events import Event, IncomingCall
from offhook.sip.settings import SipSettings
from offhook.vocabulary.sids import AccountSid, ClientSid

DOMAIN = "bench.test"
PASSWORD = "secret"
_SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0 101\r\n"
    b"a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
)
_COPIED = (b"via", b"v", b"from", b"f", b"to", b"t", b"call-id", b"i", b"cseq")


def _settings() -> SipSettings:
    return SipSettings(
        listen=("127.0.0.1", 0), trust=("127.0.0.0/8",), max_calls=1_000_000, max_transactions=1_000_000, max_lag=10.0
    )


async def _for_ever(port: int) -> None:
    print(port, flush=True)
    await asyncio.get_running_loop().create_future()


async def raw() -> None:
    def hear(event: Event) -> None:
        if isinstance(event, IncomingCall):
            driver.answer(event.call, _SDP)

    driver = SipDriver(_settings(), hear, random_bits=random.SystemRandom().getrandbits)
    async with driver:
        await _for_ever(driver.addresses["udp"].port)


class Plain(asyncio.DatagramProtocol):
    """200 to everything but ACK."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        head = data[: data.find(b"\r\n\r\n")]
        if head[:3] == b"ACK":
            return
        lines = [b"SIP/2.0 200 OK"]
        for line in head.split(b"\r\n")[1:]:
            name = line[: line.find(b":")].lower()
            if name in _COPIED:
                lines.append(line + b";tag=plain" if name == b"to" and b";tag=" not in line else line)
        body = _SDP if head[:6] == b"INVITE" else b""
        lines.append(b"Contact: <sip:plain@127.0.0.1:%d>" % self._transport.get_extra_info("sockname")[1])
        if body:
            lines.append(b"Content-Type: application/sdp")
        lines.append(b"Content-Length: %d\r\n\r\n" % len(body))
        self._transport.sendto(b"\r\n".join(lines) + body, address)


async def plain() -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Plain, local_addr=("127.0.0.1", 0))
    await _for_ever(transport.get_extra_info("sockname")[1])


class EndlessDirectory:
    """Every login is a client. As of a database, nothing of it stays in memory."""

    async def client(self, login: str, domain: str | None = None) -> ClientEntry:
        return ClientEntry(
            account_sid=AccountSid("AC" + "0" * 32),
            client_sid=ClientSid(f"CL{login.removeprefix('u'):0>32}"),
            login=login,
            domain=DOMAIN,
            ha1={"MD5": ha1(login, DOMAIN, PASSWORD, "MD5")},
        )

    async def domain(self, host: str | None = None) -> str:
        return DOMAIN

    async def number(self, dialled: str, domain: str | None = None) -> NumberRoute | None:
        return None

    async def lineage(self, account_sid: AccountSid) -> Sequence[AccountSid]:
        return [account_sid]

    async def policy(self, account_sid: AccountSid) -> AccountPolicy:
        return AccountPolicy()


class NoFront:
    """Nobody calls."""

    def __init__(self) -> None:
        self.presence = Presence()

    def receive(self, leg: Any, admit: Any) -> None:
        leg.refuse(480, "")


async def clients() -> None:
    exchange, driver = line_up(
        sip=_settings(),
        media=MediaSettings(),
        calls=CallSettings(),
        domain=DOMAIN,
        directory=EndlessDirectory(),
        sessions=Sessions(FakeEngine()),
        random_bits=random.SystemRandom().getrandbits,
        egress=EgressSettings(),
    )
    exchange.connect(driver, NoFront())
    async with asyncio.TaskGroup() as tasks, driver:
        tasks.create_task(exchange.run())
        await _for_ever(driver.addresses["udp"].port)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    uvloop.run({"raw": raw, "plain": plain, "clients": clients}[sys.argv[1]]())
