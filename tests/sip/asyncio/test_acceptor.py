from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path

import pytest
import uvloop

from offhook.security.tls import ServerTls
from offhook.sip.asyncio.acceptor import Acceptor, Handshakes
from offhook.sip.asyncio.connection import Connection
from offhook.sip.asyncio.listeners import Place
from offhook.sip.flow import HostPort, Transport
from offhook.sip.settings import SipSettings
from offhook.sip.sources import TrustedNetworks
from tests.sip.asyncio.hearing import Hearing, gone
from tests.support.certificates import certificate


def test_handshakes_are_bounded_for_one_address_and_at_all() -> None:
    handshakes = Handshakes(SipSettings(max_handshakes=8), TrustedNetworks(["10.0.0.0/8"]))
    assert [handshakes.enter("192.0.2.1") for _ in range(3)] == [True, True, False]
    assert [handshakes.enter("10.0.0.1") for _ in range(6)] == [True] * 6
    assert not handshakes.enter("192.0.2.2")
    for _ in range(6):
        handshakes.leave("10.0.0.1")
    handshakes.leave("192.0.2.1")
    assert handshakes.enter("192.0.2.1")


def test_who_is_banned_connects_no_more() -> None:
    handshakes = Handshakes(SipSettings(), TrustedNetworks(()), lambda host: host == "192.0.2.66")
    assert [handshakes.enter(host) for host in ("192.0.2.66", "192.0.2.67")] == [False, True]
    assert len(handshakes) == 1


@pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_who_connects_and_says_nothing_is_closed_when_the_handshake_is_due(factory, tmp_path: Path) -> None:
    made = certificate(tmp_path)

    async def scenario() -> None:
        server = Hearing(Transport.TLS, server_tls=ServerTls([made]), connect_timeout=0.2, max_handshakes=8)
        async with server.open() as address:
            opened = [await asyncio.open_connection(*address) for _ in range(4)]
            for reader, _ in opened[2:]:
                await gone(reader)  # more than its share: at once
            for reader, _ in opened[:2]:
                await gone(reader)
            assert server.connections.size == 0
            await server.until(lambda: len(server.handshakes) == 0)
            for _, writer in opened:
                writer.close()

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(scenario())


def test_what_is_no_handshake_harms_nobody(tmp_path: Path) -> None:
    made = certificate(tmp_path)

    async def scenario() -> None:
        server = Hearing(Transport.TLS, server_tls=ServerTls([made]))
        async with server.open() as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"OPTIONS sip:a SIP/2.0\r\n\r\n")
            with contextlib.suppress(ConnectionResetError):
                await reader.read()
            writer.close()
            await server.until(lambda: len(server.handshakes) == 0)

    asyncio.run(scenario())


def test_a_handshake_under_way_does_not_hold_up_the_end(tmp_path: Path) -> None:
    made = certificate(tmp_path)

    async def scenario() -> None:
        server = Hearing(Transport.TLS, server_tls=ServerTls([made]), connect_timeout=60)
        async with server.open() as address:
            _, writer = await asyncio.open_connection(*address)
            await server.until(lambda: len(server.handshakes) == 1)
        writer.close()

    asyncio.run(scenario())


def test_without_descriptors_it_pauses_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        monkeypatch.setattr("offhook.sip.asyncio.acceptor._PAUSE", 0.01)
        server = Hearing()
        async with server.open() as address:
            accept = socket.socket.accept
            failures = iter([OSError(24, "Too many open files")])

            def failing(listening: socket.socket) -> object:
                for error in failures:
                    raise error
                return accept(listening)

            monkeypatch.setattr(socket.socket, "accept", failing)
            _, writer = await asyncio.open_connection(*address)
            await server.until(lambda: server.connections.size == 1)
            writer.close()

    asyncio.run(scenario())


def test_an_address_in_use_is_an_error_at_once() -> None:
    handshakes = Handshakes(SipSettings(), TrustedNetworks(()))
    one = Acceptor(HostPort("127.0.0.1", 0), handshakes, timeout=1)
    with pytest.raises(OSError):
        Acceptor(one.address, handshakes, timeout=1)
    one.close()


def test_a_connection_that_meets_a_defect_does_not_end_the_listener() -> None:
    async def scenario() -> None:
        server = Hearing()
        async with server.open() as address:
            make, defects = server.connection, iter([RuntimeError("a defect")])

            def failing(place: Place) -> Connection:
                for defect in defects:
                    raise defect
                return make(place)

            server.connection = failing  # type: ignore[method-assign]
            opened = [await asyncio.open_connection(*address) for _ in range(2)]
            await server.until(lambda: server.connections.size == 1)
            for _, writer in opened:
                writer.close()

    asyncio.run(scenario())
