from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from offhook.calls.legs.registrations import Registrations
from offhook.calls.trunks.book import TrunkBook
from offhook.calls.trunks.live import Trunks
from offhook.calls.trunks.trunk import Gateway, Presentation, Trunk, TrunkKey
from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import RegisterAnswered, RequestHandle
from offhook.sip.flow import Flow, Transport
from offhook.sip.registration import Answer
from offhook.sip.signalling import RegisterOrder
from tests.support.virtual_loop import run, settle

KEY = TrunkKey("T")
TRUNK = Trunk(
    key=KEY,
    name="carrier",
    gateways=(Gateway(uri="sip:b.test", priority=20), Gateway(uri="sip:a.test", priority=10)),
    username="us",
    password="secret",
    register_expires=600,
)


class CarrierTwin:
    """Signalling towards registrars; each answers as the test says, or not at all."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer | None] = {"sip:a.test": Answer(code=200), "sip:b.test": Answer(code=200)}
        self.orders: list[RegisterOrder] = []
        self.tell: Callable[[RegisterAnswered], None] = lambda _: None

    async def locate(self, target: str) -> tuple[Flow, ...]:
        if target == "sip:nowhere.test":
            raise LocalProtocolError("nowhere.test has no address")
        return (Flow(Transport.UDP, f"192.0.2.{1 if target == 'sip:a.test' else 2}", 5060),)

    def register(self, order: RegisterOrder) -> RequestHandle:
        self.orders.append(order)
        handle = RequestHandle(len(self.orders))
        answer = self.answers.get(order.registrar)
        if answer is not None:
            event = RegisterAnswered(handle=handle, answer=answer, server=order.destinations[0])
            asyncio.get_running_loop().call_soon(self.tell, event)
        return handle

    @property
    def asked(self) -> list[tuple[str, int]]:
        return [(order.registrar, order.expires) for order in self.orders]


def registering(play: Callable[[CarrierTwin, Trunks, Registrations], Awaitable[None]], trunk: Trunk = TRUNK) -> None:
    async def main() -> None:
        now = asyncio.get_running_loop().time
        carrier, trunks = CarrierTwin(), Trunks(TrunkBook.of([trunk]), now=now, random_bits=lambda _: 0)
        registrations = Registrations(carrier, trunks, now=now, random_bits=lambda _: 0)  # type: ignore[arg-type]
        carrier.tell = registrations.hear
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(registrations.run())
            await settle()
            await play(carrier, trunks, registrations)
            running.cancel()
        assert len(registrations) == 0

    run(main())


def source(host: str) -> Flow:
    return Flow(Transport.UDP, host, 5060)


def test_a_trunk_that_registers_is_known_by_the_contact_it_was_given() -> None:
    async def play(carrier: CarrierTwin, trunks: Trunks, registrations: Registrations) -> None:
        (order,) = carrier.orders
        assert (order.registrar, order.address, order.contact_user) == ("sip:a.test", "sip:us@a.test", "us")
        assert (order.username, order.password, order.expires) == ("us", "secret", 600)
        standing = trunks.standings[KEY]
        assert (standing.state, standing.registrar, standing.host) == ("registered", "sip:a.test", "192.0.2.1")
        assert [trunk.key for trunk in trunks.sender(source("192.0.2.1"), "us")] == [KEY]
        assert trunks.sender(source("192.0.2.1"), "them") == ()
        assert trunks.sender(source("192.0.2.9"), "us") == ()
        await asyncio.sleep(425)
        assert len(carrier.orders) == 2
        assert (carrier.orders[1].call_id, carrier.orders[1].cseq > order.cseq) == (order.call_id, True)

    registering(play)


def test_a_silent_registrar_is_passed_over_and_nothing_is_known_where_nobody_accepts() -> None:
    async def play(carrier: CarrierTwin, trunks: Trunks, registrations: Registrations) -> None:
        carrier.answers = {"sip:a.test": None}
        await asyncio.sleep(421 + 8)
        assert [registrar for registrar, _ in carrier.asked[1:]] == ["sip:a.test", "sip:b.test"]
        await asyncio.sleep(300)
        assert trunks.standings[KEY].state == "failed"
        assert "did not answer within 8 s" in trunks.standings[KEY].reason
        assert trunks.sender(source("192.0.2.1"), "us") == ()

    registering(play)


def test_a_name_that_cannot_be_resolved_is_told() -> None:
    async def play(carrier: CarrierTwin, trunks: Trunks, registrations: Registrations) -> None:
        assert carrier.orders == []
        assert "nowhere.test has no address" in trunks.standings[KEY].reason

    registering(play, replace(TRUNK, gateways=(Gateway(uri="sip:nowhere.test"),)))


def test_a_change_ends_the_old_registration_and_begins_the_new_one() -> None:
    async def play(carrier: CarrierTwin, trunks: Trunks, registrations: Registrations) -> None:
        trunks.replace(TrunkBook.of([replace(TRUNK, max_calls=3)]))
        await settle()
        assert len(carrier.orders) == 1
        changed = replace(TRUNK, username="new", presentation=Presentation(from_domain="we.test", contact_user="c"))
        trunks.replace(TrunkBook.of([changed]))
        await settle()
        ends = sorted((order.address, order.expires) for order in carrier.orders[1:])
        assert ends == [("sip:new@we.test", 600), ("sip:us@a.test", 0)]
        assert {order.contact_user for order in carrier.orders[1:]} == {"us", "c"}
        trunks.replace(TrunkBook())
        await settle()
        assert carrier.asked[-1] == ("sip:a.test", 0)
        assert trunks.standings == {}

    registering(play)


def test_at_the_end_the_bindings_are_taken_away_and_nobody_waits_long_for_it() -> None:
    async def play(carrier: CarrierTwin, trunks: Trunks, registrations: Registrations) -> None:
        carrier.answers = {}
        began = asyncio.get_running_loop().time()
        await registrations.end()
        assert asyncio.get_running_loop().time() - began == 2
        assert carrier.asked == [("sip:a.test", 600), ("sip:a.test", 0)]

    registering(play)
