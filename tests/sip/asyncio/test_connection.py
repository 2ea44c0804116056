from __future__ import annotations

import asyncio

from offhook.sip.flow import Transmit
from tests.sip.asyncio.hearing import Hearing
from tests.sip.raw import request


def test_a_peer_who_does_not_read_is_cut_off() -> None:
    async def scenario() -> None:
        server = Hearing(max_unsent=100_000)
        async with server.open() as address:
            _, writer = await asyncio.open_connection(*address, limit=1000)
            writer.write(request("OPTIONS"))
            [(_, flow)] = await server.hears()
            for _ in range(400):
                server.connections.send(Transmit(data=b"x" * 50_000, destination=flow), flow.host)
                if not server.connections.size:
                    break
                await asyncio.sleep(0)
            assert server.connections.size == 0
            assert flow in server.failed
            writer.close()

    asyncio.run(scenario())


def test_a_connection_of_ipv6_has_the_address_of_its_peer() -> None:
    async def scenario() -> None:
        server = Hearing()
        async with server.open("::1") as address:
            _, writer = await asyncio.open_connection(*address)
            writer.write(request("OPTIONS"))
            [(_, flow)] = await server.hears()
            assert (flow.host, flow.port) == writer.get_extra_info("sockname")[:2]
            writer.close()

    asyncio.run(scenario())
