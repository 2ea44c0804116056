from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from offhook.sip.asyncio.tcp import TcpTransport
from offhook.sip.flow import Flow, HostPort
from offhook.sip.settings import SipSettings
from tests.sip.raw import request


class Server:
    """A listener and what it heard."""

    def __init__(self, **settings: object) -> None:
        self.heard: list[tuple[bytes, Flow]] = []
        self.failed: list[Flow] = []
        self.news = asyncio.Event()
        self.transport = TcpTransport(SipSettings(**settings), self._message, lambda: None, self.failed.append)  # type: ignore[arg-type]

    def _message(self, data: bytes, flow: Flow) -> None:
        self.heard.append((data, flow))
        self.news.set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[HostPort]:
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            yield await self.transport.listen(HostPort("127.0.0.1", 0), tasks)
            self.transport.close()


async def gone(reader: asyncio.StreamReader) -> None:
    """Wait until the other side has closed; unread bytes make it a reset."""
    with suppress(ConnectionResetError):
        assert await reader.read() == b""


def test_messages_are_cut_out_of_the_stream_and_answered_on_their_connection() -> None:
    async def scenario() -> None:
        server = Server()
        async with server.open() as address:
            reader, writer = await asyncio.open_connection(*address)
            data = request("OPTIONS")
            writer.write(b"\r\n\r\n" + data[:50])
            assert await reader.readexactly(2) == b"\r\n"
            writer.write(data[50:] + data)
            while len(server.heard) < 2:
                server.news.clear()
                await server.news.wait()
            assert [data for data, _ in server.heard] == [data, data]
            flow = server.heard[0][1]
            server.transport.send(b"answer", flow, flow.host)
            assert await reader.readexactly(6) == b"answer"
            writer.close()
            await writer.wait_closed()

    asyncio.run(scenario())


def test_a_stream_that_is_no_sip_is_closed() -> None:
    async def scenario() -> None:
        server = Server()
        async with server.open() as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"OPTIONS sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n")
            await gone(reader)
            writer.close()
            await asyncio.sleep(0)
            assert server.transport.size == 0

    asyncio.run(scenario())


def test_one_connection_more_than_allowed_closes_the_idlest() -> None:
    async def scenario() -> None:
        server = Server(max_connections=2)
        async with server.open() as address:
            connections = [await asyncio.open_connection(*address) for _ in range(3)]
            await gone(connections[0][0])
            assert server.transport.size == 2
            for _, writer in connections:
                writer.close()

    asyncio.run(scenario())


def test_who_opens_many_connections_loses_its_own() -> None:
    async def scenario() -> None:
        server = Server(max_connections=3)
        async with server.open() as (_, port):
            phone = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
            flood = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
            for reader, _ in flood[:3]:
                await gone(reader)
            phone[1].write(request("OPTIONS"))
            await server.news.wait()
            assert server.heard[0][1].host == "127.0.0.2"
            for _, writer in [phone, *flood]:
                writer.close()

    asyncio.run(scenario())


def test_a_peer_who_does_not_read_is_cut_off() -> None:
    async def scenario() -> None:
        server = Server(max_unsent=100_000)
        async with server.open() as address:
            reader, writer = await asyncio.open_connection(*address, limit=1000)
            writer.write(request("OPTIONS"))
            await server.news.wait()
            flow = server.heard[0][1]
            for _ in range(400):
                server.transport.send(b"x" * 50_000, flow, flow.host)
                if not server.transport.size:
                    break
                await asyncio.sleep(0)
            assert server.transport.size == 0
            assert flow in server.failed
            writer.close()

    asyncio.run(scenario())


def test_idle_connections_are_swept() -> None:
    async def scenario() -> None:
        server = Server(idle_timeout=0.1)
        async with server.open() as address:
            reader, writer = await asyncio.open_connection(*address)
            async with asyncio.TaskGroup() as tasks:
                sweep = tasks.create_task(server.transport.sweep())
                await gone(reader)
                sweep.cancel()
            assert server.transport.size == 0
            writer.close()

    asyncio.run(scenario())
