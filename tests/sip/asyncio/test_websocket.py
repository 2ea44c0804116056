from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import uvloop
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from offhook.sip.asyncio.connection import Connection
from offhook.sip.asyncio.listeners import Place
from offhook.sip.asyncio.websocket import WebSocketConnection, Welcome
from offhook.sip.flow import Transmit, Transport
from tests.sip.asyncio.hearing import Hearing, gone
from tests.sip.asyncio.web_client import WebClient
from tests.sip.raw import request


class WebHearing(Hearing):
    """A listener for WebSockets."""

    def __init__(self, welcome: Welcome | None = None, **settings: object) -> None:
        super().__init__(Transport.WS, **settings)
        self._welcome = welcome or Welcome()

    def connection(self, place: Place) -> Connection:
        return WebSocketConnection(self.connections, place, self._welcome)


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop])
def run(request: pytest.FixtureRequest) -> Callable[[Callable[[], Awaitable[None]]], None]:
    def running(scenario: Callable[[], Awaitable[None]]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(scenario())  # type: ignore[arg-type]

    return running


def test_a_message_is_a_frame_both_ways(run) -> None:
    async def scenario() -> None:
        server = WebHearing()
        async with server.open() as address, WebClient(f"ws://{address}/any") as client:
            assert client.socket.subprotocol == "sip"
            whole = request("OPTIONS")
            await client.says(whole)
            await client.socket.send(whole)
            await client.socket.send([whole[:30].decode(), whole[30:].decode()])
            heard = await server.hears(3)
            assert [data for data, _ in heard] == [whole] * 3
            flow = heard[0][1]
            assert flow.transport is Transport.WS
            server.connections.send(Transmit(data=b"text", destination=flow), flow.host)
            server.connections.send(Transmit(data=b"\xff", destination=flow), flow.host)
            assert [await client.socket.recv(), await client.socket.recv()] == ["text", b"\xff"]

    run(scenario)


def test_keep_alives_of_either_kind_are_answered(run) -> None:
    async def scenario() -> None:
        server = WebHearing()
        async with server.open() as address, WebClient(f"ws://{address}") as client:
            await client.says(b"\r\n\r\n")
            assert await client.socket.recv() == "\r\n"
            await (await client.socket.ping())
            assert server.heard == []

    run(scenario)


def test_a_client_is_pinged_and_dropped_when_its_answers_cease(run) -> None:
    async def scenario() -> None:
        server = WebHearing(keepalive=0.1)
        async with server.open() as address:
            async with WebClient(f"ws://{address}") as client:
                await server.until(lambda: any(one._answers for one in server.connections._connections.values()))
                client.socket.transport.pause_reading()
                await server.until(lambda: server.connections.size == 0)
                client.socket.transport.resume_reading()
                await client.socket.wait_closed()

    run(scenario)


@pytest.mark.parametrize(
    ("protocols", "origin", "path", "status"),
    [
        ([], "https://phone.example", "/sip", 400),
        (["xmpp"], "https://phone.example", "/sip", 400),
        (["sip"], "https://evil.example", "/sip", 403),
        (["sip"], None, "/sip", 403),
        (["sip"], "https://phone.example", "/other", 404),
        (["xmpp", "sip"], "https://phone.example", "/sip?x=y", 101),
    ],
)
def test_only_sip_from_welcome_sites_at_the_path_is_let_in(
    run, protocols: list[str], origin: str | None, path: str, status: int
) -> None:
    async def scenario() -> None:
        server = WebHearing(Welcome(origins=("https://phone.example",), path="/sip"))
        async with server.open() as address:
            named = None if origin is None else Origin(origin)
            client = WebClient(f"ws://{address}{path}", protocols=protocols, origin=named)
            if status == 101:
                async with client:
                    pass
            else:
                with pytest.raises(InvalidStatus) as refused:
                    await client.__aenter__()
                assert refused.value.response.status_code == status
            await server.until(lambda: server.connections.size == 0)

    run(scenario)


def test_a_message_too_long_closes_the_connection(run) -> None:
    async def scenario() -> None:
        server = WebHearing()
        async with server.open() as address, WebClient(f"ws://{address}") as client:
            await client.says(b"x" * 131_073)
            with pytest.raises(ConnectionClosed) as closed:
                await client.socket.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009

    run(scenario)


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET / HTTP/1.1\r\nHost: x\r\n"],
)
def test_who_takes_too_long_to_shake_hands_is_closed(run, begun: bytes) -> None:
    async def scenario() -> None:
        server = WebHearing(message_timeout=0.1)
        async with server.open() as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(begun)
            await gone(reader)
            writer.close()

    run(scenario)


def test_half_a_message_is_waited_for_only_so_long(run) -> None:
    async def scenario() -> None:
        server = WebHearing(message_timeout=0.2)
        async with server.open() as address, WebClient(f"ws://{address}") as client:
            client.socket.transport.write(b"\x01\x85\0\0\0\0hello")  # a text frame that is not the last
            await client.socket.wait_closed()
            assert server.heard == []

    run(scenario)


def test_what_is_no_http_is_closed(run) -> None:
    async def scenario() -> None:
        server = WebHearing()
        async with server.open() as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(request("OPTIONS"))
            await gone(reader)
            writer.close()

    run(scenario)


def test_nobody_but_its_client_opens_a_web_socket(run) -> None:
    async def scenario() -> None:
        server = WebHearing()
        async with server.open() as address:
            async with WebClient(f"ws://{address}") as client:
                await client.says(request("OPTIONS"))
                [(_, flow)] = await server.hears()
            await server.until(lambda: server.connections.size == 0)
            for lost in (flow, flow._replace(connection=0)):
                server.connections.send(Transmit(data=b"x", destination=lost), lost.host)
            assert server.failed == [flow, flow, flow._replace(connection=0)]
            assert server.lost == [flow, flow]

    run(scenario)


def test_frames_that_come_before_the_handshake_is_answered_count_only_if_it_succeeds(run) -> None:
    frame = b"\x81\x85\0\0\0\0hello"
    head = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    key = b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"

    async def scenario() -> None:
        server = WebHearing()
        async with server.open() as address:
            for protocol, status in ((b"xmpp", b"400"), (b"sip", b"101")):
                reader, writer = await asyncio.open_connection(*address)
                writer.write(head + key + b"Sec-WebSocket-Protocol: " + protocol + b"\r\n\r\n" + frame)
                assert (await reader.readline()).split()[1] == status
                if protocol == b"xmpp":
                    await reader.read()
                writer.close()
            assert [data for data, _ in await server.hears()] == [b"hello"]

    run(scenario)
