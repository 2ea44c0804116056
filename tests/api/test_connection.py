from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

from offhook.api.server import ApiServer
from offhook.api.settings import ApiSettings
from offhook.security.certificates import local
from offhook.security.tls import ServerTls
from offhook.vocabulary.clock import SystemClock

ASK = b"GET / HTTP/1.1\r\nHost: here\r\n"


async def app(scope, receive, send) -> None:
    if scope["path"] != "/at-once":
        await asyncio.sleep(0.4)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def heard(directory: Path, *sent: bytes, pause: float = 0.0) -> bytes:
    """What comes back until the server closes, when these pieces are sent."""

    async def script() -> bytes:
        certificate = local(directory, clock=SystemClock())
        settings = ApiSettings(port=0, head_timeout=0.2, head_limit=10_000, keep_alive=1)
        trust = ssl.create_default_context(cafile=str(certificate.ca_file))
        async with ApiServer(app, settings=settings, context=ServerTls([certificate]).context) as server:
            reader, writer = await asyncio.open_connection(*server.address, ssl=trust, server_hostname="localhost")
            for piece in sent:
                writer.write(piece)
                await asyncio.sleep(pause)
            async with asyncio.timeout(5):
                try:
                    return await reader.read()
                except ConnectionError:
                    return b""
                finally:
                    writer.transport.abort()

    return asyncio.run(script())


def test_a_connection_on_which_nothing_comes_is_closed(tmp_path: Path) -> None:
    assert heard(tmp_path) == b""


def test_a_head_that_comes_drop_by_drop_is_not_waited_for(tmp_path: Path) -> None:
    assert heard(tmp_path, ASK, *[b"X: y\r\n"] * 3, pause=0.1) == b""


def test_a_head_without_end_is_cut_off(tmp_path: Path) -> None:
    assert heard(tmp_path, ASK + b"X: " + b"y" * 11_000) == b""


def test_a_body_that_comes_with_its_head_is_no_head(tmp_path: Path) -> None:
    body = b"y" * 60_000
    answers = heard(tmp_path, b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 60000\r\n\r\n" + body)
    assert answers.startswith(b"HTTP/1.1 200 OK")


def test_requests_that_take_longer_than_their_heads_are_answered_one_after_the_other(tmp_path: Path) -> None:
    answers = heard(tmp_path, ASK + b"\r\n", ASK + b"\r\n", pause=0.6)
    assert answers.count(b"200 OK") == 2


REFUSED = b"POST /at-once HTTP/1.1\r\nHost: here\r\nContent-Length: 120000\r\n\r\n"


def test_a_body_that_has_its_answer_before_its_end_is_no_head(tmp_path: Path) -> None:
    answers = heard(tmp_path, REFUSED, *[b"y" * 40_000] * 3, ASK + b"\r\n", pause=0.05)
    assert answers.count(b"200 OK") == 2


def test_a_body_that_has_its_answer_is_not_waited_for_without_end(tmp_path: Path) -> None:
    assert heard(tmp_path, REFUSED, *[b"y"] * 10, ASK + b"\r\n", pause=0.1).count(b"200 OK") == 1


def test_trailers_without_end_are_cut_off(tmp_path: Path) -> None:
    head = b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n1\r\ny\r\n0\r\nX: "
    assert heard(tmp_path, head, *[b"y" * 4_000] * 10, b"\r\n\r\n", pause=0.01) == b""


def test_a_head_without_end_is_cut_off_also_behind_another_request(tmp_path: Path) -> None:
    assert heard(tmp_path, ASK + b"\r\n", ASK + b"X: ", *[b"y" * 4_000] * 10, pause=0.01) == b""


def test_what_follows_a_request_to_upgrade_is_no_request(tmp_path: Path) -> None:
    upgrade = b"POST / HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 30\r\n\r\n"
    assert heard(tmp_path, upgrade, ASK + b"\r\n", pause=0.5).count(b"200 OK") == 1


def test_a_request_that_waits_long_for_the_one_before_loses_its_connection(tmp_path: Path) -> None:
    assert heard(tmp_path, ASK + b"\r\n", ASK + b"\r\n", pause=0.05) == b""


def test_a_client_that_does_not_read_loses_its_connection(tmp_path: Path) -> None:
    async def script() -> None:
        gone = asyncio.Event()

        async def generous(scope, receive, send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(64):
                await send({"type": "http.response.body", "body": bytes(1_000_000), "more_body": True})
            while (await receive())["type"] != "http.disconnect":
                pass
            gone.set()

        certificate = local(tmp_path, clock=SystemClock())
        trust = ssl.create_default_context(cafile=str(certificate.ca_file))
        settings = ApiSettings(port=0, head_timeout=0.2)
        async with ApiServer(generous, settings=settings, context=ServerTls([certificate]).context) as server:
            _, writer = await asyncio.open_connection(
                *server.address, ssl=trust, server_hostname="localhost", limit=1024
            )
            writer.write(ASK + b"\r\n")
            async with asyncio.timeout(5):
                await gone.wait()
            writer.transport.abort()

    asyncio.run(script())


UPGRADE = b"GET /sip?x=y HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


class Socket(asyncio.Protocol):
    """What takes over a connection in these tests: it echoes, the head that it was handed first."""

    made: Socket | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)

    def abort(self) -> None:
        self.transport.abort()


def test_a_connection_that_becomes_a_web_socket_is_handed_over_and_not_timed_any_more(tmp_path: Path) -> None:
    asked: list[tuple[str, int]] = []

    def make(address: tuple[str, int]) -> Socket:
        asked.append(address)
        return Socket()

    async def script() -> None:
        certificate = local(tmp_path, clock=SystemClock())
        settings = ApiSettings(port=0, head_timeout=0.1, keep_alive=1)
        trust = ssl.create_default_context(cafile=str(certificate.ca_file))
        context = ServerTls([certificate]).context
        async with asyncio.timeout(10):
            async with ApiServer(app, settings=settings, context=context, web_socket=make) as server:
                reader, writer = await asyncio.open_connection(*server.address, ssl=trust, server_hostname="localhost")
                writer.write(b"GET /at-once HTTP/1.1\r\nHost: here\r\n\r\n")
                assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
                writer.write(UPGRADE)
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"GET /sip?x=y HTTP/1.1\r\n")
                assert b"upgrade: websocket" in head.lower()
                await asyncio.sleep(0.2)
                writer.write(b"hello")
                assert await reader.readexactly(5) == b"hello"
                assert asked == [server.address]
            assert await reader.read() == b"", "it is cut off when the server stops"
            writer.close()

    asyncio.run(script())


def test_a_web_socket_that_asks_before_its_turn_is_cut_off(tmp_path: Path) -> None:
    async def script() -> None:
        certificate = local(tmp_path, clock=SystemClock())
        trust = ssl.create_default_context(cafile=str(certificate.ca_file))
        context = ServerTls([certificate]).context
        async with ApiServer(
            app, settings=ApiSettings(port=0), context=context, web_socket=lambda _address: Socket()
        ) as server:
            reader, writer = await asyncio.open_connection(*server.address, ssl=trust, server_hostname="localhost")
            writer.write(ASK + b"\r\n" + UPGRADE)
            async with asyncio.timeout(5):
                assert await reader.read() == b""
            writer.close()

    asyncio.run(script())


def test_without_anybody_to_take_it_over_an_upgrade_is_an_ordinary_request(tmp_path: Path) -> None:
    assert heard(tmp_path, UPGRADE).startswith(b"HTTP/1.1 200")
