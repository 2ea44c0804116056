from __future__ import annotations

import asyncio

from offhook.sip.asyncio.departure import Departure
from offhook.sip.errors import NotLocated
from offhook.sip.flow import Flow, Transmit, Transport


class Names:
    """A resolver that knows one name after a while, and then at once."""

    def __init__(self) -> None:
        self.known: Flow | None = None

    def at_once(self, flow: Flow) -> Flow | None:
        return self.known

    async def address(self, flow: Flow) -> Flow:
        await asyncio.sleep(0)
        if flow.host != "a.name":
            raise NotLocated("there is no such name")
        self.known = flow._replace(host="192.0.2.1")
        return self.known


class Wires:
    """Connections, a tap and whoever is told of failures."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, str]] = []
        self.tapped: list[bytes] = []
        self.failed: list[Flow] = []
        self.settled = 0

    def send(self, transmit: Transmit, host: str, _port: int) -> None:
        self.sent.append((transmit.data, host))

    def hear(self, data: bytes, _address: Flow) -> None:
        self.tapped.append(data)

    def settle(self) -> None:
        self.settled += 1


def test_messages_to_a_name_leave_in_order_once_it_is_known_and_fail_when_there_is_none() -> None:
    async def scenario() -> None:
        wires = Wires()
        async with asyncio.TaskGroup() as tasks:
            departure = Departure(
                Names(),  # type: ignore[arg-type]
                None,  # type: ignore[arg-type]
                wires,  # type: ignore[arg-type]
                _Tap(wires),  # type: ignore[arg-type]
                tasks,
                wires.failed.append,
                wires.settle,
            )
            named = Flow(Transport.TCP, "a.name", 5060)
            departure.send(Transmit(data=b"1", destination=named))
            departure.send(Transmit(data=b"2", destination=named))
            departure.send(Transmit(data=b"x", destination=named._replace(host="no.name")))
            departure.send(Transmit(data=b"0", destination=named._replace(host="192.0.2.9")))
            assert wires.sent == [(b"0", "192.0.2.9")]
        departure.send(Transmit(data=b"3", destination=named))
        assert wires.sent[1:] == [(data, "192.0.2.1") for data in (b"1", b"2", b"3")]
        assert (wires.failed, wires.settled) == ([named._replace(host="no.name")], 2)
        assert wires.tapped == [b"0", b"1", b"2", b"3"]

    asyncio.run(scenario())


class _Tap:
    def __init__(self, wires: Wires) -> None:
        self.sent = wires.hear
