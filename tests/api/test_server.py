from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from offhook.api.server import ApiServer, ListenError
from offhook.api.settings import ApiSettings
from offhook.security.certificates import local
from offhook.security.tls import ServerTls
from offhook.vocabulary.clock import FrozenClock
from tests.support.api_node import (
    ApiNode,
)


async def app(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def context(directory: Path) -> ssl.SSLContext:
    return ServerTls([local(directory, clock=FrozenClock())]).context


def test_a_port_in_use_is_named_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=rf"127\.0\.0\.1:{port}.*--http"):
            ApiServer(app, settings=ApiSettings(port=port), context=context(tmp_path))


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("0.0.0.0", "127.0.0.1")])
def test_port_zero_is_told_as_the_port_that_was_taken(tmp_path: Path, host: str, shown: str) -> None:
    async def script() -> None:
        server = ApiServer(app, settings=ApiSettings(host=host, port=0), context=context(tmp_path))
        port = server.address[1]
        assert port > 0
        assert server.url == f"https://{shown}:{port}"
        async with server:
            _, writer = await asyncio.open_connection(shown.strip("[]"), port)
            writer.close()
            await writer.wait_closed()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(shown.strip("[]"), port)

    asyncio.run(script())


def test_what_streams_is_told_first_that_the_server_stops(tmp_path: Path) -> None:
    told: list[str] = []

    async def script() -> None:
        server = ApiServer(
            app, settings=ApiSettings(port=0), context=context(tmp_path), closing=lambda: told.append("closing")
        )
        async with server:
            assert told == []

    asyncio.run(script())
    assert told == ["closing"]


def test_plain_http_gets_no_answer(node: ApiNode) -> None:
    with socket.create_connection(node.address, timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        # The TLS layer may say goodbye with an alert record (type 21); no byte of HTTP comes.
        assert not connection.recv(1000).startswith(b"HTTP")
