from __future__ import annotations

import asyncio

from offhook.sip.flow import Transmit
from tests.sip.asyncio.hearing import Hearing, gone
from tests.sip.raw import request


def test_messages_are_cut_out_of_the_stream_and_answered_on_their_connection() -> None:
    async def scenario() -> None:
        server = Hearing()
        async with server.open() as address:
            reader, writer = await asyncio.open_connection(*address)
            data = request("OPTIONS")
            writer.write(b"\r\n\r\n" + data[:50])
            assert await reader.readexactly(2) == b"\r\n"
            writer.write(data[50:] + data)
            await server.hears(2)
            assert [data for data, _ in server.heard] == [data, data]
            flow = server.heard[0][1]
            server.connections.send(Transmit(data=b"answer", destination=flow), flow.host)
            assert await reader.readexactly(6) == b"answer"
            writer.close()
            await writer.wait_closed()

    asyncio.run(scenario())


def test_a_stream_that_is_no_sip_is_closed() -> None:
    async def scenario() -> None:
        server = Hearing()
        async with server.open() as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"OPTIONS sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n")
            await gone(reader)
            writer.close()
            await server.until(lambda: server.connections.size == 0)

    asyncio.run(scenario())
