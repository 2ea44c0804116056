"""How we are seen from outside, by a STUN server of the test's own."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from offhook.sip import stun
from offhook.sip.asyncio.driver import SipDriver
from offhook.sip.asyncio.public_address import interface_address
from offhook.sip.flow import Flow, HostPort, Transport
from offhook.sip.settings import SipSettings

SEEN = HostPort("203.0.113.9", 40_000)
OUTSIDE = Flow(Transport.UDP, "192.0.2.1", 5060)


class StunServer(asyncio.DatagramProtocol):
    """It sees everybody as ``seen``, once it has ignored ``deaf`` questions."""

    def __init__(self, deaf: int = 0) -> None:
        self.seen = SEEN
        self.deaf = deaf
        self.asked = asyncio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        host, port = transport.get_extra_info("sockname")
        yield f"{host}:{port}"
        transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        self.asked.set()
        if self.deaf:
            self.deaf -= 1
            return
        answer = stun.answer(data, self.seen)
        assert answer is not None
        self._transport.sendto(b"\0" + answer[1:], address)  # of another kind: ignored
        self._transport.sendto(answer, address)


def driver(**settings: object) -> SipDriver:
    everything = SipSettings(**{"listen": ("0.0.0.0", 0), **settings})  # type: ignore[arg-type]
    return SipDriver(everything, lambda _event: None, random_bits=random.Random(1).getrandbits)


def test_peers_outside_are_told_how_a_stun_server_sees_us() -> None:
    async def scenario() -> None:
        server = StunServer(deaf=1)
        async with server.open() as where, driver(stun=("127.0.0.1:1", where)) as sip:
            assert sip.local_address(OUTSIDE) == SEEN
            assert sip.local_address(OUTSIDE._replace(transport=Transport.TCP)).host == SEEN.host
            assert sip.local_address(OUTSIDE._replace(host="127.0.0.1")) == ("127.0.0.1", sip.addresses["udp"].port)

    asyncio.run(scenario())


def test_a_change_is_noticed() -> None:
    async def scenario() -> None:
        server = StunServer()
        async with server.open() as where, driver(stun=(where,), public_refresh=0.05) as sip:
            server.seen = HostPort("198.51.100.3", 50_000)
            async with asyncio.timeout(5):
                while sip.local_address(OUTSIDE) != server.seen:
                    server.asked.clear()
                    await server.asked.wait()
                    await asyncio.sleep(0)

    asyncio.run(scenario())


def test_without_an_answer_it_starts_all_the_same() -> None:
    async def scenario() -> None:
        async with asyncio.timeout(10), driver(stun=("127.0.0.1:1", "no-such-host.invalid")) as sip:
            assert sip.local_address(OUTSIDE).port == sip.addresses["udp"].port
            assert sip._public._silent == {"127.0.0.1:1", "no-such-host.invalid"}

    asyncio.run(scenario())


def test_the_address_of_an_interface_is_found() -> None:
    assert interface_address("lo", ipv6=False) == "127.0.0.1"
    assert interface_address("nothing0", ipv6=False) is None
    assert interface_address("nothing0", ipv6=True) is None

    async def scenario() -> None:
        async with driver(interface="lo") as sip:
            assert sip.local_address(OUTSIDE).host == "127.0.0.1"

    asyncio.run(scenario())
