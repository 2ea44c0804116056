"""The driver on real loopback sockets."""

from __future__ import annotations

import asyncio
import inspect
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
import uvloop

from offhook.security.certificates import Certificate
from offhook.sip.asyncio.driver import SipDriver
from offhook.sip.capture.ladder import Tap
from offhook.sip.events import (
    CallAnswered,
    CallEnded,
    EndCause,
    Event,
    FlowLost,
    IncomingCall,
    PingAnswered,
    RegisterReceived,
)
from offhook.sip.flow import Flow, Transport
from offhook.sip.locating import anywhere
from offhook.sip.message import Request
from offhook.sip.settings import Listener, SipSettings
from offhook.sip.signalling import Invitation, Signalling
from tests.sip.asyncio.nameserver import nameserver
from tests.sip.asyncio.web_client import WebClient, believing
from tests.sip.raw import request
from tests.support.certificates import both_ways, certificate

EventT = TypeVar("EventT")


class Phone:
    """A driver and what it heard."""

    def __init__(
        self,
        made: Certificate | None = None,
        tap: Tap | None = None,
        permits: Callable[[str], bool] = anywhere,
        **settings: object,
    ) -> None:
        self.heard: asyncio.Queue[Event] = asyncio.Queue()
        if made is not None:
            settings = {"listen_tls": ("127.0.0.1", 0)} | settings
        all_settings = SipSettings(**{"listen": ("127.0.0.1", 0), **settings})  # type: ignore[arg-type]
        tls = {} if made is None else both_ways(made)
        self.sip = SipDriver(  # type: ignore[arg-type]
            all_settings, self.listen, random_bits=random.Random(1).getrandbits, tap=tap, permits=permits, **tls
        )

    def listen(self, event: Event) -> None:
        self.heard.put_nowait(event)

    async def hears(self, kind: type[EventT]) -> EventT:
        async with asyncio.timeout(5):
            while True:
                event = await self.heard.get()
                if isinstance(event, kind):
                    return event

    def flow(self, transport: Transport) -> Flow:
        return Flow(transport, *self.sip.addresses[transport.value])


OPENED = [Transport.UDP, Transport.TCP, Transport.TLS]
"""Transports that we can open, too."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"))


LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


def on(loop: Callable[[], asyncio.AbstractEventLoop], scenario: Callable[[], Awaitable[None]]) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(scenario())  # type: ignore[arg-type]


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("transport", OPENED)
def test_a_call_over_real_sockets(
    loop: Callable[[], asyncio.AbstractEventLoop], transport: Transport, made: Certificate
) -> None:
    async def scenario() -> None:
        alice, bob = Phone(made), Phone(made)
        async with alice.sip, bob.sip:
            host, port = bob.sip.addresses[transport.value]
            target = f"sip:bob@{host}:{port};transport={transport.value}"
            call = alice.sip.invite(Invitation(target=target, from_uri="sip:alice@localhost", sdp=b"v=0\r\n"))
            incoming = await bob.hears(IncomingCall)
            assert incoming.source.transport is transport
            bob.sip.answer(incoming.call, b"v=0\r\n")
            await alice.hears(CallAnswered)
            bob.sip.hangup(incoming.call)
            assert (await alice.hears(CallEnded)).call == call
            assert (await bob.hears(CallEnded)).cause is EndCause.HANGUP
            async with asyncio.timeout(1):
                await alice.sip.settled()
                await bob.sip.settled()

    on(loop, scenario)


@pytest.mark.parametrize("listens", ["at its address", "by name", "nowhere"])
def test_a_response_whose_connection_is_gone_takes_a_new_one(listens: str) -> None:
    """RFC 3261 section 18.2.2, and RFC 3263 section 5 where the Via has a name."""

    async def scenario() -> None:
        bob, came = Phone(), asyncio.get_running_loop().create_future()

        async def hears(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            came.set_result(await reader.readline())
            writer.close()

        at, caller = ("127.0.0.1", "127.0.0.1") if listens == "at its address" else ("127.0.0.1", "127.0.0.2")
        async with bob.sip, await asyncio.start_server(hears, at, 0) as listener:
            port = listener.sockets[0].getsockname()[1]
            via = {"at its address": f"192.0.2.9:{port}", "by name": f"localhost:{port}", "nowhere": "192.0.2.9:9"}
            reader, writer = await asyncio.open_connection(*bob.sip.addresses["tcp"], local_addr=(caller, 0))
            writer.write(request("INVITE", via=via[listens]).replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP"))
            incoming = await bob.hears(IncomingCall)
            await reader.readuntil(b"\r\n\r\n")  # the 100: nothing is lost with the connection
            writer.close()
            await bob.hears(FlowLost)
            bob.sip.refuse(incoming.call, 486)
            if listens != "nowhere":
                async with asyncio.timeout(5):
                    assert await came == b"SIP/2.0 486 Busy Here\r\n"
            await bob.hears(CallEnded)

    asyncio.run(scenario())


def test_a_call_whose_caller_can_be_told_nothing_by_any_way_ends() -> None:
    async def scenario() -> None:
        bob = Phone()
        async with bob.sip:
            reader, writer = await asyncio.open_connection(*bob.sip.addresses["tcp"])
            writer.write(request("INVITE", via="127.0.0.1:9").replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP"))
            incoming = await bob.hears(IncomingCall)
            await reader.readuntil(b"\r\n\r\n")
            writer.close()
            await bob.hears(FlowLost)
            bob.sip.ring(incoming.call)
            assert (await bob.hears(CallEnded)).cause is EndCause.UNREACHABLE

    asyncio.run(scenario())


class Ear:
    """A tap."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, str]] = []

    def received(self, data: bytes, source: Flow) -> None:
        self.heard.append(("<", data[:4].decode(), source.host))

    def sent(self, data: bytes, destination: Flow) -> None:
        self.heard.append((">", data[:4].decode(), destination.host))


def test_a_tap_hears_what_comes_and_goes_with_addresses_instead_of_names() -> None:
    async def scenario() -> None:
        ear, bob = Ear(), Phone()
        alice = Phone(tap=ear)
        async with alice.sip, bob.sip:
            alice.sip.ping(f"sip:localhost:{bob.flow(Transport.UDP).port}")
            await alice.hears(PingAnswered)
            assert ear.heard == [(">", "OPTI", "127.0.0.1"), ("<", "SIP/", "127.0.0.1")]

    asyncio.run(scenario())


@pytest.mark.parametrize("transport", [Transport.TCP, Transport.TLS])
def test_a_connection_is_used_again(transport: Transport, made: Certificate) -> None:
    async def scenario() -> None:
        alice, bob = Phone(made), Phone(made)
        async with alice.sip, bob.sip:
            for _ in range(3):
                alice.sip.ping("sip:bob@localhost", [bob.flow(transport)])
                assert (await alice.hears(PingAnswered)).code == 200
            assert alice.sip.sizes()["connections"] == bob.sip.sizes()["connections"] == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("transport", OPENED)
def test_a_call_over_ipv6(transport: Transport, made: Certificate) -> None:
    async def scenario() -> None:
        alice, bob = (Phone(made, listen=("::1", 0), listen_tls=("::1", 0)) for _ in range(2))
        async with alice.sip, bob.sip:
            port = bob.sip.addresses[transport.value].port
            target = f"sip:bob@[::1]:{port};transport={transport.value}"
            alice.sip.invite(Invitation(target=target, from_uri="sip:alice@localhost", sdp=b"v=0"))
            bob.sip.answer((await bob.hears(IncomingCall)).call, b"v=0")
            alice.sip.hangup((await alice.hears(CallAnswered)).call)
            assert (await bob.hears(CallEnded)).cause is EndCause.BYE

    asyncio.run(scenario())


def test_a_sips_target_is_reached_over_tls_and_nothing_else(made: Certificate) -> None:
    async def scenario() -> None:
        alice, bob = Phone(made), Phone(made)
        async with alice.sip, bob.sip:
            alice.sip.ping(f"sips:bob@localhost:{bob.sip.addresses['tls'].port}")
            assert (await alice.hears(PingAnswered)).code == 200
            alice.sip.ping(f"sips:bob@localhost:{bob.sip.addresses['tcp'].port}")
            assert (await alice.hears(PingAnswered)).code is None

    asyncio.run(scenario())


def test_a_server_that_nobody_vouches_for_is_not_spoken_to(made: Certificate, tmp_path: Path) -> None:
    async def scenario() -> None:
        alice, bob = Phone(certificate(tmp_path)), Phone(made)
        async with alice.sip, bob.sip:
            target = f"sip:bob@{bob.sip.addresses['tls']};transport=tls"
            alice.sip.invite(Invitation(target=target, from_uri="sip:alice@localhost", sdp=b"v=0"))
            assert (await alice.hears(CallEnded)).cause is EndCause.UNREACHABLE

    asyncio.run(scenario())


def test_several_listeners_answer_from_where_they_were_asked() -> None:
    async def scenario() -> None:
        further = (
            Listener(transport=Transport.UDP, listen=("127.0.0.2", 0)),
            Listener(transport=Transport.UDP, listen=("::1", 0)),
        )
        alice, bob = Phone(listeners=further), Phone(listeners=further)
        async with alice.sip, bob.sip:
            for number, host in enumerate(("127.0.0.1", "127.0.0.2", "::1"), 1):
                socket = bob.sip._listeners.udp(number, host)
                assert socket is not None
                assert socket.address.host == host
                alice.sip.invite(
                    Invitation(
                        target=f"sip:bob@{socket.address}", from_uri="sip:alice@localhost", sdp=b"v=0",
                    )
                )  # fmt: skip
                incoming = await bob.hears(IncomingCall)
                assert incoming.source.connection == number
                bob.sip.answer(incoming.call, b"v=0")
                answered = await alice.hears(CallAnswered)
                assert answered.response.contact is not None
                assert answered.response.contact.uri.port == socket.address.port
                bob.sip.hangup(incoming.call)
                assert (await alice.hears(CallEnded)).cause is EndCause.BYE

    asyncio.run(scenario())


def test_the_driver_is_what_calls_are_promised() -> None:
    signalling: Signalling = Phone().sip
    for name, promised in inspect.getmembers(Signalling, inspect.isfunction):
        if not name.startswith("_"):
            assert inspect.signature(getattr(SipDriver, name)) == inspect.signature(promised), name
    assert signalling is not None


def test_a_name_is_resolved_before_the_message_leaves() -> None:
    async def scenario() -> None:
        alice, bob = Phone(), Phone()
        async with alice.sip, bob.sip:
            alice.sip.ping(f"sip:bob@localhost:{bob.sip.addresses['udp'].port}")
            assert (await alice.hears(PingAnswered)).code == 200

    asyncio.run(scenario())


def test_a_name_that_does_not_exist_fails_at_once() -> None:
    async def scenario() -> None:
        alice = Phone()
        async with alice.sip:
            alice.sip.invite(Invitation(target="sip:bob@no-such-host.invalid", from_uri="sip:a@localhost", sdp=b"v=0"))
            assert (await alice.hears(CallEnded)).cause is EndCause.UNREACHABLE

    asyncio.run(scenario())


def test_a_refused_connection_ends_the_call_at_once() -> None:
    async def scenario() -> None:
        alice, gone = Phone(), Phone()
        async with gone.sip:
            flow = gone.flow(Transport.TCP)
        async with alice.sip:
            invitation = Invitation(target="sip:b@localhost", from_uri="sip:a@localhost", sdp=b"v=0", destination=flow)
            alice.sip.invite(invitation)
            assert (await alice.hears(CallEnded)).cause is EndCause.UNREACHABLE

    asyncio.run(scenario())


def test_closing_the_driver_hangs_up_what_is_left() -> None:
    async def scenario() -> None:
        alice, bob = Phone(), Phone()
        async with bob.sip:
            async with alice.sip:
                flow = bob.flow(Transport.UDP)
                alice.sip.invite(
                    Invitation(target="sip:b@localhost", from_uri="sip:a@localhost", sdp=b"v=0", destination=flow)
                )
                bob.sip.answer((await bob.hears(IncomingCall)).call, b"v=0")
                await alice.hears(CallAnswered)
            assert (await alice.hears(CallEnded)).cause is EndCause.SHUTDOWN
            assert (await bob.hears(CallEnded)).cause is EndCause.BYE

    asyncio.run(scenario())


def test_a_listener_that_fails_does_not_stop_the_driver() -> None:
    async def scenario() -> None:
        alice, bob = Phone(), Phone()
        broken = True

        def listen(event: Event) -> None:
            if broken:
                raise RuntimeError("a bug in one call")
            Phone.listen(alice, event)

        alice.sip._listener = listen
        async with alice.sip, bob.sip:
            alice.sip.ping("sip:bob@localhost", [bob.flow(Transport.UDP)])
            await asyncio.to_thread(lambda: None)
            broken = False
            alice.sip.ping("sip:bob@localhost", [bob.flow(Transport.UDP)])
            await alice.hears(PingAnswered)

    asyncio.run(scenario())


def test_a_defect_that_one_message_or_timer_meets_does_not_stop_the_others() -> None:
    async def scenario() -> None:
        alice, bob = Phone(), Phone()
        async with alice.sip, bob.sip:
            endpoint = bob.sip._endpoint
            receive, expire, broken = endpoint.receive, endpoint.expire, ["receive", "expire"]

            def breaks(data: bytes, source: Flow, now: float) -> None:
                if "receive" in broken:
                    broken.remove("receive")
                    raise RuntimeError("a defect")
                receive(data, source, now)

            def breaks_too(now: float) -> None:
                if "expire" in broken:
                    broken.remove("expire")
                    raise RuntimeError("a defect")
                expire(now)

            endpoint.receive, endpoint.expire = breaks, breaks_too  # type: ignore[method-assign]
            target = f"sip:bob@{bob.sip.addresses['tcp']};transport=tcp"
            alice.sip.invite(Invitation(target=target, from_uri="sip:alice@localhost"))
            alice.sip.invite(Invitation(target=target, from_uri="sip:alice@localhost"))
            incoming = await bob.hears(IncomingCall)
            bob.sip.answer(incoming.call, b"v=0\r\n")
            await alice.hears(CallAnswered)
            assert bob.sip.sizes()["connections"] == 1
            async with asyncio.timeout(5):
                while broken:
                    await asyncio.sleep(0.01)
            bob.sip.hangup(incoming.call)

    asyncio.run(scenario())


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
def test_a_next_hop_without_a_port_is_found_by_its_srv_records(transport: Transport, tmp_path: Path) -> None:
    async def scenario() -> None:
        bob = Phone()
        async with bob.sip:
            port = bob.sip.addresses[transport.value].port
            zone = f"_sip._{transport.value}.edge SRV 1 0 {port} here\nhere A 127.0.0.1\n"
            with nameserver(tmp_path, zone) as address:
                alice = Phone(nameservers=(address,))
                async with alice.sip:
                    alice.sip.ping(f"sip:bob@edge.example;transport={transport.value}")
                    assert (await alice.hears(PingAnswered)).code == 200

    asyncio.run(scenario())


REGISTER = (
    "REGISTER sip:localhost SIP/2.0\r\nVia: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK{0}\r\n"
    "From: <sip:web@localhost>;tag=1\r\nTo: <sip:web@localhost>\r\nCall-ID: r{0}\r\nCSeq: {0} REGISTER\r\n"
    "Contact: <sip:web@df7jal23ls0d.invalid;transport=ws>\r\nExpires: 600\r\nMax-Forwards: 70\r\n\r\n"
)


@pytest.mark.parametrize("transport", [Transport.WS, Transport.WSS])
def test_a_web_client_is_called_over_its_connection_until_it_is_lost(transport: Transport, made: Certificate) -> None:
    async def scenario() -> None:
        phone = Phone(made, listen_ws=("127.0.0.1", 0), listen_wss=("::1", 0))
        async with phone.sip:
            secure = {"ssl": believing(made.ca_file)} if transport.secure else {}
            async with WebClient(f"{transport.value}://{phone.sip.addresses[transport.value]}", **secure) as client:
                await client.says(REGISTER.format(1).encode())
                asked = await phone.hears(RegisterReceived)
                assert asked.source.transport is transport
                phone.sip.reply(asked.handle, 200)
                assert (await client.hears()).call_id == "r1"
                target = "sip:web@df7jal23ls0d.invalid;transport=ws"
                phone.sip.invite(
                    Invitation(target=target, from_uri="sip:a@localhost", sdp=b"v=0", destination=asked.source)
                )
                invite = await client.hears()
                assert isinstance(invite, Request)
                assert (invite.method, invite.via.transport) == ("INVITE", transport.value.upper())
                assert invite.contact is not None
                assert invite.contact.uri.transport == "ws"
                contact = [("Contact", "<sip:web@df7jal23ls0d.invalid;transport=ws>")]
                await client.says(bytes(invite.response(200, to_tag="t", headers=contact, body=b"v=0")))
                answered = await phone.hears(CallAnswered)
                assert (await client.hears()).cseq.method == "ACK"
                phone.sip.hangup(answered.call)
                bye = await client.hears()
                assert isinstance(bye, Request)
                assert bye.method == "BYE"
                await client.says(bytes(bye.response(200)))
                await phone.hears(CallEnded)
            assert (await phone.hears(FlowLost)).flow == asked.source
            phone.sip.ping(target, (asked.source,))
            assert (await phone.hears(PingAnswered)).code is None

    asyncio.run(scenario())
