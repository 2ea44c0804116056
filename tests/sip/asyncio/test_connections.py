from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from offhook.security.tls import ClientTls, ServerTls
from offhook.sip.flow import Flow, Transmit, Transport
from tests.sip.asyncio.hearing import Hearing, gone
from tests.sip.raw import request
from tests.support.certificates import certificate


def test_one_connection_more_than_allowed_closes_the_idlest() -> None:
    async def scenario() -> None:
        server = Hearing(max_connections=2)
        async with server.open() as address:
            opened = []
            for count in (1, 2, 2):
                opened.append(await asyncio.open_connection(*address))
                await server.until(lambda count=count: server.connections.size == count)
            await gone(opened[0][0])
            assert server.connections.size == 2
            for _, writer in opened:
                writer.close()

    asyncio.run(scenario())


def test_who_opens_many_connections_loses_its_own() -> None:
    async def scenario() -> None:
        server = Hearing(max_connections=3)
        async with server.open() as (_, port):
            phone = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
            flood = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
            for reader, _ in flood[:3]:
                await gone(reader)
            phone[1].write(request("OPTIONS"))
            [(_, flow)] = await server.hears()
            assert flow.host == "127.0.0.2"
            for _, writer in [phone, *flood]:
                writer.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(("trust", "left"), [((), 2), (("127.0.0.0/8",), 4)])
def test_one_address_has_its_bound_unless_it_is_trusted(trust: tuple[str, ...], left: int) -> None:
    async def scenario() -> None:
        server = Hearing(max_connections_per_source=2, trust=trust)
        async with server.open() as address:
            opened = [await asyncio.open_connection(*address) for _ in range(4)]
            for reader, _ in opened[: 4 - left]:
                await gone(reader)
            await server.until(lambda: server.connections.size == left)
            for _, writer in opened:
                writer.close()

    asyncio.run(scenario())


def test_idle_connections_are_swept() -> None:
    async def scenario() -> None:
        server = Hearing(idle_timeout=0.1)
        async with server.open() as address:
            reader, writer = await asyncio.open_connection(*address)
            await gone(reader)
            assert server.connections.size == 0
            writer.close()

    asyncio.run(scenario())


def test_a_message_that_never_becomes_whole_closes_its_connection() -> None:
    async def scenario() -> None:
        server = Hearing(message_timeout=0.1)
        async with server.open() as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(request("OPTIONS") + request("OPTIONS")[:40])
            await gone(reader)
            assert len(server.heard) == 1
            writer.close()

    asyncio.run(scenario())


def test_connections_of_ours_are_kept_alive_and_given_up_when_answers_cease() -> None:
    async def scenario() -> None:
        answers = asyncio.Event()
        pings = 0

        async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal pings
            await reader.readuntil(b"body")
            while await reader.read(4) == b"\r\n\r\n":
                pings += 1
                if pings < 3:
                    writer.write(b"\r\n")
                else:
                    answers.set()
            writer.close()

        client = Hearing(keepalive=0.1)
        async with client.open(), await asyncio.start_server(peer, "127.0.0.1", 0) as listening:
            port = listening.sockets[0].getsockname()[1]
            flow = Flow(Transport.TCP, "127.0.0.1", port)
            client.connections.send(Transmit(data=b"body", destination=flow), "127.0.0.1")
            await answers.wait()
            await client.until(lambda: client.connections.size == 0)
            assert flow in client.failed

    asyncio.run(scenario())


def test_a_peer_that_never_answers_keep_alives_is_left_in_peace() -> None:
    async def scenario() -> None:
        enough = asyncio.Event()

        async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(4 + 5 * 4)
            enough.set()
            await reader.read()
            writer.close()

        client = Hearing(keepalive=0.05)
        async with client.open(), await asyncio.start_server(peer, "127.0.0.1", 0) as listening:
            port = listening.sockets[0].getsockname()[1]
            client.connections.send(
                Transmit(data=b"body", destination=Flow(Transport.TCP, "127.0.0.1", port)), "127.0.0.1"
            )
            await enough.wait()
            assert client.connections.size == 1
            client.connections.close()

    asyncio.run(scenario())


def test_a_connection_is_opened_once_for_all_that_waits(tmp_path: Path) -> None:
    async def scenario() -> None:
        server, client = Hearing(), Hearing()
        async with server.open() as (host, port), client.open():
            for _ in range(3):
                client.connections.send(
                    Transmit(data=request("OPTIONS"), destination=Flow(Transport.TCP, "a.name", port)), host
                )
            await server.hears(3)
            assert server.connections.size == client.connections.size == 1

    asyncio.run(scenario())


def test_a_connection_that_is_lost_fails_what_took_it_under_every_name() -> None:
    async def scenario() -> None:
        server, client = Hearing(max_unsent=1000), Hearing(max_unsent=100_000)
        async with server.open() as (host, port), client.open():
            flow = Flow(Transport.TCP, "a.name", port)
            client.connections.send(Transmit(data=request("OPTIONS"), destination=flow), host)
            await server.hears()
            (connection,) = client.connections._connections.values()
            connection._overflowed = True
            connection.abort()
            await client.until(lambda: flow in client.failed)

    asyncio.run(scenario())


def test_a_flow_whose_connection_is_gone_fails_at_once() -> None:
    async def scenario() -> None:
        server = Hearing()
        async with server.open() as address:
            _, writer = await asyncio.open_connection(*address)
            writer.write(request("OPTIONS"))
            [(_, flow)] = await server.hears()
            writer.close()
            await server.until(lambda: server.connections.size == 0)
            server.connections.send(Transmit(data=b"x", destination=flow), flow.host)
            assert server.failed == [flow]

    asyncio.run(scenario())


def test_a_server_is_believed_under_its_own_name_only(tmp_path: Path) -> None:
    made = certificate(tmp_path, "sip.example")

    async def scenario() -> None:
        server = Hearing(Transport.TLS, server_tls=ServerTls([made]))
        client = Hearing(client_tls=ClientTls(ca_file=made.ca_file))
        async with server.open() as (host, port), client.open():
            impostor = Flow(Transport.TLS, "other.example", port)
            client.connections.send(Transmit(data=b"x", destination=impostor), host)
            await client.until(lambda: client.failed == [impostor])
            for name in ("sip.example", "localhost"):
                client.connections.send(
                    Transmit(data=request("OPTIONS"), destination=Flow(Transport.TLS, name, port)), host
                )
            looked_up = Flow(Transport.TLS, "192.0.2.9", port, name="sip.example")
            client.connections.send(Transmit(data=request("OPTIONS"), destination=looked_up), host)
            await server.hears(3)
            assert client.connections.size == 2, "one for each name that was asked for"

    asyncio.run(scenario())


def test_who_shows_a_certificate_is_known_by_its_names(tmp_path: Path) -> None:
    ours, carrier = certificate(tmp_path / "a"), certificate(tmp_path / "b", "trunk.example")

    async def scenario() -> None:
        server = Hearing(Transport.TLS, server_tls=ServerTls([ours], client_ca=carrier.ca_file))
        client = Hearing(client_tls=ClientTls(ca_file=ours.ca_file, certificate=carrier))
        async with server.open() as (host, port), client.open():
            client.connections.send(
                Transmit(data=request("OPTIONS"), destination=Flow(Transport.TLS, "localhost", port)), host
            )
            [(_, flow)] = await server.hears()
            assert flow.transport is Transport.TLS
            assert "trunk.example" in flow.certified

    asyncio.run(scenario())


def test_a_peer_who_may_be_reached_over_its_own_connection_is_if_its_certificate_says_so(tmp_path: Path) -> None:
    ours, carrier = certificate(tmp_path / "a"), certificate(tmp_path / "b", "trunk.example")

    async def scenario() -> None:
        server = Hearing(Transport.TLS, server_tls=ServerTls([ours], client_ca=carrier.ca_file))
        client = Hearing(client_tls=ClientTls(ca_file=ours.ca_file, certificate=carrier))
        async with server.open() as (host, port), client.open():
            client.connections.send(
                Transmit(data=request("OPTIONS"), destination=Flow(Transport.TLS, "localhost", port)), host
            )
            [(_, flow)] = await server.hears()
            server.connections.alias(flow, "other.example", 5061)
            server.connections.alias(flow, "trunk.example", 5061)
            towards = Flow(Transport.TLS, flow.host, 5061, name="trunk.example")
            server.connections.send(Transmit(data=request("OPTIONS"), destination=towards), flow.host)
            await client.hears()
            assert server.connections.size == 1
            impostor = towards._replace(name="other.example")
            server.connections.send(Transmit(data=request("OPTIONS"), destination=impostor), flow.host)
            await server.until(lambda: server.failed == [impostor])
            client.connections.close()
            await server.until(lambda: server.connections.size == 0)
            assert server.connections._by_peer == {}

    asyncio.run(scenario())


@pytest.mark.parametrize(("trust", "reused"), [((), False), (("127.0.0.0/8",), True)])
def test_without_tls_only_trusted_networks_are_reached_over_their_own_connection(
    trust: tuple[str, ...], reused: bool
) -> None:
    async def scenario() -> None:
        server = Hearing(trust=trust)
        async with server.open() as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(request("OPTIONS"))
            [(_, flow)] = await server.hears()
            server.connections.alias(flow, "anybody.example", 9)
            towards = Flow(Transport.TCP, "127.0.0.1", 9)
            server.connections.send(Transmit(data=b"hello", destination=towards), "127.0.0.1")
            if reused:
                assert await reader.readexactly(5) == b"hello"
            else:
                await server.until(lambda: server.failed == [towards])
            writer.close()

    asyncio.run(scenario())


def test_a_name_that_no_certificate_can_bear_is_a_failure_like_others(tmp_path: Path) -> None:
    async def scenario() -> None:
        server, client = Hearing(), Hearing()
        async with server.open() as (host, port), client.open():
            flow = Flow(Transport.TLS, f"{'x' * 70}.example", port)
            client.connections.send(Transmit(data=b"x", destination=flow), host)
            await client.until(lambda: client.failed == [flow])

    asyncio.run(scenario())
