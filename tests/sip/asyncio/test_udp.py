from __future__ import annotations

import asyncio

import pytest
import uvloop

from offhook.sip import stun
from offhook.sip.asyncio.udp import UdpSocket
from offhook.sip.flow import Flow, HostPort


@pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_burst_is_read_in_batches_and_in_order(factory, host: str) -> None:  # type: ignore[no-untyped-def]
    async def scenario() -> None:
        heard: list[tuple[bytes, Flow]] = []
        batches: list[int] = []
        done = asyncio.Event()

        def on_batch() -> None:
            batches.append(len(heard))
            if len(heard) == 25:
                done.set()

        receiver = UdpSocket(HostPort(host, 0), lambda data, flow: heard.append((data, flow)), on_batch, batch=10)
        sender = UdpSocket(HostPort(host, 0), lambda _data, _flow: None, lambda: None, batch=10)
        receiver.open()
        for n in range(25):
            assert sender.send(str(n).encode(), *receiver.address)
        async with asyncio.timeout(5):
            await done.wait()
        assert [data for data, _ in heard] == [str(n).encode() for n in range(25)]
        assert (heard[0][1].host, heard[0][1].port) == sender.address
        assert batches[:3] == [10, 20, 25]
        receiver.close()
        sender.close()

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(scenario())


def test_what_cannot_be_sent_says_so() -> None:
    sender = UdpSocket(HostPort("127.0.0.1", 0), lambda _data, _flow: None, lambda: None, batch=10)
    assert not sender.send(b"x", "2001:db8::1", 5060)
    sender.close()


def test_an_address_in_use_is_an_error_at_once() -> None:
    one = UdpSocket(HostPort("127.0.0.1", 0), lambda _data, _flow: None, lambda: None, batch=10)
    with pytest.raises(OSError):
        UdpSocket(one.address, lambda _data, _flow: None, lambda: None, batch=10)
    one.close()


def test_a_client_that_asks_how_it_is_seen_is_told_and_no_sip_is_made_of_it() -> None:
    async def scenario() -> None:
        heard: list[bytes] = []
        answers: asyncio.Queue[bytes] = asyncio.Queue()
        server = UdpSocket(HostPort("127.0.0.1", 0), lambda data, _flow: heard.append(data), lambda: None, batch=10)
        client = UdpSocket(HostPort("127.0.0.1", 0), lambda data, _flow: heard.append(data), lambda: None, batch=10)
        client.on_stun = answers.put_nowait
        server.open()
        client.open()
        client.send(stun.binding_request(b"twelve bytes"), *server.address)
        async with asyncio.timeout(5):
            assert stun.mapped_address(await answers.get(), b"twelve bytes") == client.address
        assert heard == []
        server.close()
        client.close()

    asyncio.run(scenario())
