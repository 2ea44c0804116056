from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from offhook.calls.control import CallOrder
from offhook.calls.leg import LegAnswered, LegEnded
from offhook.calls.script import ScriptCall
from offhook.calls.trunks.book import TrunkBook
from offhook.calls.trunks.trunk import Gateway, Presentation, Recognition, Trunk, TrunkKey
from offhook.media.commands import Codec, Connect, Direction
from offhook.security.digest import ha1_of_every_algorithm
from offhook.sip import events as sip
from offhook.sip.flow import Flow, Transport
from offhook.sip.message import Request, parse
from offhook.sip.signalling import Invitation
from offhook.vocabulary.sids import AccountSid
from tests.calls.legs.nodes import Node, phone, two, until
from tests.calls.twins import APP


def connected(node: Node) -> Connect:
    return [command for command in node.engine.commands if isinstance(command, Connect)][-1]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_phone_calls_talks_and_hangs_up(transport: str) -> None:
    async def main() -> None:
        async with two() as (near, far):
            caller = phone(near, far.uri("1000", transport), headers=(("X-Ticket", "7"), ("X-RestComm-CallSid", "CA0")))
            await caller.leg.invite()
            await until(lambda: "LegAnswered" in caller.names)
            call = far.script.calls[0]
            assert caller.names[-2:] == ["LegRinging", "LegAnswered"]
            assert call.facts.sip_headers == {"X-Ticket": "7"}
            assert (call.facts.from_, call.facts.to, call.facts.source_ip) == ("+1555", "1000", "127.0.0.1")
            here, there = connected(near), connected(far)
            assert here.remote == ("127.0.0.1", call.media.local.port)
            assert there.remote == ("127.0.0.1", caller.leg.media.local.port)
            assert (here.codec, here.dtmf_payload_type, there.direction) == (Codec.PCMU, 101, Direction.SENDRECV)
            caller.leg.drop()
            await until(lambda: far.board.idle)
            assert far.log.events[-1].call.status == "completed"
            await caller.leg.closed()

    asyncio.run(main())


def test_a_caller_learns_the_sid_of_the_call() -> None:
    async def main() -> None:
        async with two() as (near, far):
            caller = phone(near, far.uri("1000"))
            seen: dict[str, str] = {}
            hear = caller.leg.hear
            caller.leg.hear = lambda event: (
                seen.update(event.response.extension_headers()) if hasattr(event, "response") else None,
                hear(event),
            )
            await caller.leg.invite()
            await until(lambda: "LegAnswered" in caller.names)
            facts = far.script.calls[0].facts
            assert seen["X-RestComm-CallSid"] == facts.sid
            assert (seen["X-RestComm-AccountSid"], seen["X-RestComm-ApiVersion"]) == ("AC1", "2012-04-24")
            caller.leg.drop()

    asyncio.run(main())


def test_an_order_of_one_node_becomes_a_call_to_the_other() -> None:
    async def main() -> None:
        async with two() as (near, far):
            facts = await near.board.place(
                CallOrder(account_sid=AccountSid("AC1"), to=far.uri("1000"), from_="+1777", application=APP)
            )
            await until(lambda: bool(near.script.calls) and bool(far.script.calls))
            assert far.script.calls[0].facts.sip_call_id == near.script.calls[0].facts.sip_call_id is not None
            assert far.script.calls[0].facts.from_ == "+1777"
            await near.board.hangup(facts.sid)
            await until(lambda: far.board.idle)
            assert near.log.events[-1].call.status == "completed"

    asyncio.run(main())


def test_a_client_must_prove_who_it_is_and_nobody_else_may_use_its_name() -> None:
    async def main() -> None:
        async with two() as (near, far):
            secrets = ha1_of_every_algorithm("bob", "pbx.test", "right")
            far.directory.clients["bob"] = replace(far.directory.clients["bob"], ha1=secrets)
            codes = []
            for password in ("right", "wrong", None):
                user = {} if password is None else {"username": "bob", "password": password}
                caller = phone(near, far.uri("1000"), from_user="bob", from_domain="pbx.test", **user)
                await caller.leg.invite()
                await until(
                    lambda caller=caller: caller.events and isinstance(caller.events[-1], LegAnswered | LegEnded)
                )
                codes.append(None if isinstance(caller.events[-1], LegAnswered) else caller.end.sip_code)
                caller.leg.drop()
            assert codes == [None, 403, 407]
            assert [call.facts.from_ for call in far.script.calls] == ["client:bob"]

    asyncio.run(main())


@pytest.mark.parametrize(
    ("name", "code"), [("client:bob", 403), ("CLIENT:bob", 403), (" client:bob", 403), ("bob;ext=1", 407)]
)
def test_nobody_is_taken_for_a_client_by_the_way_its_name_is_written(name: str, code: int) -> None:
    async def main() -> None:
        async with two() as (near, far):
            caller = phone(near, far.uri("1000"), from_user=name, from_domain="elsewhere.test")
            await caller.leg.invite()
            await until(lambda: "LegEnded" in caller.names)
            assert caller.end.sip_code == code
            assert far.script.calls == []

    asyncio.run(main())


def test_nobody_unknown_reaches_more_than_numbers_and_clients() -> None:
    async def main() -> None:
        from offhook.sip.settings import Gateway

        async with two(gateway=Gateway(uri="sip:127.0.0.1:9")) as (near, far):
            caller = phone(near, far.uri("+4989123"))
            await caller.leg.invite()
            await until(lambda: "LegEnded" in caller.names)
            assert caller.end.sip_code == 404
            assert far.log.events == []

    asyncio.run(main())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_tenant_does_not_ring_what_is_not_on_the_public_internet(host: str) -> None:
    async def main() -> None:
        async with two(reaches=("10.0.0.0/8",)) as (near, far):
            to = far.uri("1000").replace("127.0.0.1", host)
            facts = await near.board.place(CallOrder(account_sid=AccountSid("AC1"), to=to, from_="+1", application=APP))
            await until(lambda: near.board.live(facts.sid) is None)
            assert near.log.events[-1].call.status == "failed"
            assert "egress.sip" in near.log.events[-1].call.reason
            assert far.script.calls == []

    asyncio.run(main())


def test_a_far_end_that_is_not_there_fails_the_order() -> None:
    async def main() -> None:
        async with two() as (near, _):
            facts = await near.board.place(
                CallOrder(
                    account_sid=AccountSid("AC1"), to="sip:x@127.0.0.1:1;transport=tcp", from_="+1", application=APP
                )
            )
            await until(lambda: near.board.live(facts.sid) is None)
            assert near.log.events[-1].call.status == "failed"
            assert near.log.events[-1].call.reason

    asyncio.run(main())


async def hears_of(far: Node, near: Node, *headers: tuple[str, str], uri: str = "", **more: str) -> ScriptCall:
    """The call that ``far`` sees when a phone at ``near`` calls with these headers."""
    caller = phone(near, uri or far.uri("1000"), headers=headers, **more)
    await caller.leg.invite()
    await until(lambda: "LegAnswered" in caller.names)
    caller.leg.drop()
    await until(lambda: far.board.idle)
    return far.script.calls[-1]


def test_carriers_are_believed_who_calls_and_others_are_not() -> None:
    async def main() -> None:
        identity = ("P-Asserted-Identity", '"Network" <tel:+1-415-555-0100>')
        async with two(asserting=("127.0.0.0/8",)) as (near, far):
            facts = (await hears_of(far, near, identity)).facts
            assert (facts.from_, facts.caller_name) == ("+14155550100", "Network")
            assert (await hears_of(far, near, identity, ("Privacy", "id"))).facts.from_ == "anonymous"
        async with two() as (near, far):
            assert (await hears_of(far, near, identity)).facts.from_ == "+1555"

    asyncio.run(main())


def test_who_forwarded_a_call_is_told_by_either_header() -> None:
    async def main() -> None:
        async with two() as (near, far):
            told = await hears_of(far, near, ("Diversion", "<sip:+1888@far.test>;reason=no-answer"))
            assert told.facts.forwarded_from == "+1888"
            history = "<sip:+1999@far.test>;index=1, <sip:1000@far.test;cause=302>;index=1.1"
            assert (await hears_of(far, near, ("History-Info", history))).facts.forwarded_from == "+1999"

    asyncio.run(main())


def test_a_caller_without_name_hides_behind_the_address_made_for_that() -> None:
    async def main() -> None:
        async with two() as (near, far):
            told = await hears_of(far, near, from_user="anonymous")
            assert (told.facts.from_, told.facts.caller_name) == ("anonymous", "Anonymous")

    asyncio.run(main())


def test_a_telephone_number_is_called_by_its_uri() -> None:
    async def main() -> None:
        async with two() as (near, far):
            seen: list[sip.Event] = []
            hear, near.driver._listener = near.driver._listener, seen.append
            far.directory.numbers["14155550100"] = far.directory.numbers["1000"]
            handle = near.driver.invite(
                Invitation(
                    target="tel:+1-415-555-0100",
                    from_uri="tel:+1555",
                    destination=Flow(Transport.UDP, *far.driver.addresses["udp"]),
                )
            )
            await until(lambda: bool(far.script.calls))
            facts = far.script.calls[0].facts
            assert (facts.to, facts.from_) == ("+14155550100", "+1555")
            near.driver.hangup(handle)
            await until(lambda: far.board.idle)
            near.driver._listener = hear

    asyncio.run(main())


def registered(node: Node, login: str, *lines: str, flow: Flow) -> None:
    """Let ``login`` be registered at ``node`` by a REGISTER that came over ``flow``."""
    head = [
        "REGISTER sip:pbx.test SIP/2.0",
        "Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1",
        f"From: <sip:{login}@pbx.test>;tag=1",
        f"To: <sip:{login}@pbx.test>",
        "Supported: outbound, path",
        *lines,
        "Content-Length: 0",
    ]
    request = parse(("\r\n".join(head) + "\r\n\r\n").encode())
    assert isinstance(request, Request)
    registrar = node.exchange._registrar
    registrar.register(f"{login}@pbx.test", request, flow, node.exchange._now())


def test_a_device_whose_newest_flow_is_dead_is_reached_by_the_next() -> None:
    async def main() -> None:
        async with two(failover_timeout=0.2) as (far, near):
            alive = Flow(Transport.UDP, *far.driver.addresses["udp"])
            dead = Flow(Transport.TCP, "127.0.0.1", 9, 4711)
            for number, flow in ((1, alive), (2, dead)):
                contact = f'Contact: <sip:1000@10.0.0.2>;+sip.instance="<urn:uuid:1>";reg-id={number}'
                registered(near, "alice", f"Call-ID: {number}", "CSeq: 1 REGISTER", contact, flow=flow)
                await asyncio.sleep(0.01)
            contacts = near.exchange.contacts("alice", "pbx.test")
            assert [(contact.route, contact.response_timeout) for contact in contacts] == [(dead, 0.2), (alive, None)]
            order = CallOrder(account_sid=AccountSid("AC1"), to="client:alice", from_="+1777", application=APP)
            facts = await near.board.place(order)
            await until(lambda: bool(far.script.calls) and far.script.calls[0].answered)
            await near.board.hangup(facts.sid)
            await until(lambda: far.board.idle)

    asyncio.run(main())


def test_a_call_to_a_client_behind_proxies_takes_the_path_of_its_registration() -> None:
    async def main() -> None:
        async with two() as (far, near):
            flow = Flow(Transport.UDP, *far.driver.addresses["udp"])
            path = "Path: <sip:core.test;lr>, <sip:edge.test;lr;ob>"
            contact = "Contact: <sip:1000@10.0.0.2>"
            registered(near, "alice", "Call-ID: 1", "CSeq: 1 REGISTER", path, contact, flow=flow)
            seen: list[sip.Event] = []
            hear = far.exchange.hear
            far.driver._listener = lambda event: (seen.append(event), hear(event))
            order = CallOrder(account_sid=AccountSid("AC1"), to="client:alice", from_="+1777", application=APP)
            facts = await near.board.place(order)
            await until(lambda: bool(far.script.calls) and far.script.calls[0].answered)
            invite = next(event.request for event in seen if isinstance(event, sip.IncomingCall))
            assert invite.uri == "sip:1000@10.0.0.2"
            assert [str(route.uri) for route in invite.routes] == ["sip:core.test;lr", "sip:edge.test;lr;ob"]
            await near.board.hangup(facts.sid)
            await until(lambda: far.board.idle)

    asyncio.run(main())


def test_a_node_registers_at_a_carrier_and_takes_the_calls_that_come_to_it() -> None:
    async def main() -> None:
        async with two() as (near, far):
            secrets = ha1_of_every_algorithm("bob", "pbx.test", "right")
            far.directory.clients["bob"] = replace(far.directory.clients["bob"], ha1=secrets)
            host, port = far.driver.addresses["udp"]
            trunk = Trunk(
                key=TrunkKey("T"),
                name="carrier",
                gateways=(Gateway(uri=f"sip:{host}:{port}"),),
                username="bob",
                password="right",
                presentation=Presentation(from_domain="pbx.test"),
                register_expires=60,
            )
            near.exchange.trunks.replace(TrunkBook.of([trunk]))
            await until(lambda: bool(far.exchange.contacts("bob", "pbx.test")))
            await until(lambda: trunk.key in near.exchange.trunks.standings)
            assert near.exchange.trunks.standings[trunk.key].state == "registered"
            near.directory.numbers["bob"] = near.directory.numbers["1000"]
            await far.board.place(
                CallOrder(account_sid=AccountSid("AC1"), to="client:bob", from_="+1777", application=APP)
            )
            await until(lambda: bool(near.script.calls and far.script.calls))
            assert near.script.calls[0].facts.from_ == "+1777"
            await until(lambda: bool(far.script.calls))
            await far.board.hangup(far.script.calls[0].facts.sid)
            await near.exchange.unregister()
            assert far.exchange.contacts("bob", "pbx.test") == []
            near.exchange.trunks.replace(TrunkBook())

    asyncio.run(main())


def test_a_call_that_comes_by_a_trunk_has_a_place_there_until_it_is_over() -> None:
    async def main() -> None:
        async with two() as (far, near):
            recognition = Recognition(networks=("127.0.0.0/8",))
            trunk = Trunk(key=TrunkKey("T"), name="carrier", max_calls=1, recognition=recognition)
            near.exchange.trunks.replace(TrunkBook.of([trunk]))
            first = phone(far, near.uri("1000"))
            await first.leg.invite()
            await until(lambda: "LegAnswered" in first.names)
            assert near.exchange.trunks.in_use(trunk.key) == 1
            second = phone(far, near.uri("1000"))
            await second.leg.invite()
            await until(lambda: "LegEnded" in second.names)
            assert second.end.sip_code == 480
            near.exchange.trunks.replace(TrunkBook.of([replace(trunk, max_calls=2)]))
            assert near.exchange.trunks.in_use(trunk.key) == 1
            first.leg.drop()
            await until(lambda: near.board.idle)
            assert near.exchange.trunks.seized == 0

    asyncio.run(main())
