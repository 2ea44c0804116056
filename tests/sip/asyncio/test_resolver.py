"""The resolver against a real DNS server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import uvloop

from offhook.sip.asyncio.hosts import HostsFile
from offhook.sip.asyncio.resolver import Resolver
from offhook.sip.dns import Kind
from offhook.sip.errors import NotLocated
from offhook.sip.flow import Flow, Transport
from offhook.sip.locating import Reach
from offhook.sip.settings import SipSettings
from offhook.sip.testing import counted_bits
from offhook.sip.uri import Uri
from tests.sip.asyncio.nameserver import nameserver

UDP, TCP = Transport.UDP, Transport.TCP
ZONE = """
full NAPTR 20 10 "s" "SIP+D2U" "" _sip._udp.servers
full NAPTR 10 10 "s" "SIP+D2T" "" _sip._tcp.servers
_sip._tcp.servers SRV 10 60 5070 one
_sip._udp.servers SRV 20 0 5090 two
_sip._udp.servers SRV 10 60 5080 one
one A 192.0.2.1
one AAAA 2001:db8::1
two A 192.0.2.2
two A 192.0.2.3
_sip._udp.plain SRV 0 0 5060 alias
alias CNAME two
bare A 192.0.2.9
_sip._udp.closed SRV 0 0 0 .
closed A 192.0.2.1
brief 1 A 192.0.2.4
large NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp.large
""" + "".join(f"_sip._udp.large SRV {number} 0 5060 s{number}.with-a-long-name-{'x' * 20}\n" for number in range(40)) + "".join(
    f"s{number}.with-a-long-name-{'x' * 20} A 198.51.100.{number}\n" for number in range(40)
)  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with nameserver(tmp_path_factory.mktemp("nsd"), ZONE) as address:
        yield address


LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


class Bench:
    """A resolver and the questions that it put to DNS."""

    def __init__(self, tasks: asyncio.TaskGroup, nameservers: tuple[str, ...], hosts: Path, **settings: object) -> None:
        self.resolver = Resolver(
            SipSettings(nameservers=nameservers, **settings),  # type: ignore[arg-type]
            Reach(transports=(UDP, TCP), families=(Kind.AAAA, Kind.A)),
            random_bits=counted_bits(),
            tasks=tasks,
            hosts=HostsFile(hosts),
        )
        self.asked: list[tuple[str, str]] = []
        ask = self.resolver._dns.ask

        async def counted(question):  # type: ignore[no-untyped-def]
            self.asked.append((question.name, question.kind.value))
            return await ask(question)

        self.resolver._dns.ask = counted  # type: ignore[method-assign]

    async def locate(self, uri: str) -> list[str]:
        flows = await self.resolver.locate(Uri.parse(uri))
        return [f"{flow.transport} {flow.host} {flow.port}" for flow in flows]


def run(
    scenario: Callable[[Bench], Awaitable[None]],
    *nameservers: str,
    hosts: Path = Path("/nowhere"),
    loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
    **settings: object,
) -> None:
    async def scene() -> None:
        async with asyncio.TaskGroup() as tasks:
            bench = Bench(tasks, nameservers, hosts, **settings)
            await scenario(bench)
            assert bench.resolver.sizes() == {"dns_questions": 0}

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(scene())


@pytest.mark.parametrize("loop", LOOPS)
def test_naptr_srv_and_addresses_of_a_real_zone_lead_to_its_servers(
    server: str, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def scenario(bench: Bench) -> None:
        assert await bench.locate("sip:u@full.example") == [
            "tcp 2001:db8::1 5070",
            "tcp 192.0.2.1 5070",
            "udp 2001:db8::1 5080",
            "udp 192.0.2.1 5080",
            *sorted(
                ["udp 192.0.2.2 5090", "udp 192.0.2.3 5090"], key=(await bench.locate("sip:two.example:5090")).index
            ),
        ]

    run(scenario, server, loop=loop)


def test_aliases_plain_names_and_closed_services(server: str) -> None:
    async def scenario(bench: Bench) -> None:
        assert sorted(await bench.locate("sip:plain.example")) == ["udp 192.0.2.2 5060", "udp 192.0.2.3 5060"]
        assert await bench.locate("sip:bare.example;transport=tcp") == ["tcp 192.0.2.9 5060"]
        with pytest.raises(NotLocated, match="no such service"):
            await bench.locate("sip:closed.example")
        with pytest.raises(NotLocated, match="no address"):
            await bench.locate("sip:absent.example")

    run(scenario, server)


def test_an_answer_too_long_for_a_datagram_comes_over_tcp(server: str) -> None:
    async def scenario(bench: Bench) -> None:
        assert await bench.locate("sip:large.example") == [f"udp 198.51.100.{number} 5060" for number in range(16)]

    run(scenario, server)


def test_answers_are_remembered_also_that_there_is_nothing(server: str) -> None:
    async def scenario(bench: Bench) -> None:
        for _ in range(3):
            await bench.locate("sip:bare.example")
            with pytest.raises(NotLocated):
                await bench.locate("sip:absent.example")
        assert len(bench.asked) == len(set(bench.asked)) == 10

    run(scenario, server)


def test_answers_last_as_long_as_they_say_and_no_longer_than_the_setting(server: str) -> None:
    async def scenario(bench: Bench) -> None:
        for name in ("brief", "bare"):
            await bench.locate(f"sip:{name}.example:5060")
        now = asyncio.get_running_loop().time()
        lasts = {tuple(question): until - now for question, (until, _) in bench.resolver._known.items()}
        assert 0.5 < lasts["brief.example", Kind.A] <= 1
        assert 25 < lasts["bare.example", Kind.A] <= 30  # its own time to live is 300 s
        assert 15 < lasts["bare.example", Kind.AAAA] <= 20  # there is none: the last number of the SOA

    run(scenario, server, resolve_cache=30.0)


def test_an_answer_without_life_is_asked_for_each_time(server: str) -> None:
    async def scenario(bench: Bench) -> None:
        for _ in range(2):
            await bench.locate("sip:bare.example:5060")
        assert len(bench.asked) == 4

    run(scenario, server, resolve_cache=0.0)


def test_a_question_is_put_once_however_many_wait_for_its_answer(server: str) -> None:
    async def scenario(bench: Bench) -> None:
        found = await asyncio.gather(*(bench.locate("sip:plain.example") for _ in range(200)))
        assert len({tuple(sorted(flows)) for flows in found}) == 1
        assert len(bench.asked) == len(set(bench.asked))

    run(scenario, server)


def test_a_dead_server_costs_the_set_time_once_and_says_so() -> None:
    async def scenario(bench: Bench) -> None:
        started = asyncio.get_running_loop().time()
        with pytest.raises(NotLocated, match=r"resolve_timeout|gave no answer"):
            await bench.locate("sip:full.example")
        assert 0.2 < asyncio.get_running_loop().time() - started < 1.5
        with pytest.raises(NotLocated, match=r"DNS gave no answer: .*full\.example"):
            await bench.locate("sip:full.example:5060")
        asked = len(bench.asked)
        with pytest.raises(NotLocated):
            await bench.locate("sip:full.example:5060")
        assert len(bench.asked) == asked

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as black_hole:
        black_hole.bind(("127.0.0.1", 0))
        run(scenario, f"127.0.0.1:{black_hole.getsockname()[1]}", resolve_timeout=0.6)


def test_the_second_nameserver_answers_where_the_first_does_not(server: str) -> None:
    async def scenario(bench: Bench) -> None:
        assert await bench.locate("sip:bare.example:5060") == ["udp 192.0.2.9 5060"]

    host, port = server.split(":")
    run(scenario, f"127.0.0.9:{port}", f"{host}:{port}")


def test_who_waits_no_longer_leaves_the_question_to_the_others(server: str) -> None:
    async def scenario(bench: Bench) -> None:
        impatient = asyncio.create_task(bench.locate("sip:bare.example:5060"))
        patient = asyncio.create_task(bench.locate("sip:bare.example:5060"))
        await asyncio.sleep(0)
        impatient.cancel()
        assert await patient == ["udp 192.0.2.9 5060"]

    run(scenario, server)


def test_names_given_by_hand_are_not_asked_for(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("192.0.2.20 pbx.office pbx  # ours\n2001:db8::20 pbx\n")

    async def scenario(bench: Bench) -> None:
        assert await bench.locate("sip:PBX") == ["udp 2001:db8::20 5060", "udp 192.0.2.20 5060"]
        assert await bench.locate("sip:pbx.office;transport=tcp") == ["tcp 192.0.2.20 5060"]
        assert await bench.locate("sip:localhost:5070") == ["udp ::1 5070", "udp 127.0.0.1 5070"]
        assert bench.asked == []

    run(scenario, "127.0.0.1:1", hosts=hosts)


def test_a_flow_that_names_a_host_is_known_at_once_when_it_was_asked_before(server: str) -> None:
    async def scenario(bench: Bench) -> None:
        flow = Flow(UDP, "plain.example", 0, 7)
        assert bench.resolver.at_once(flow) is None
        found = await bench.resolver.address(flow)
        assert bench.resolver.at_once(flow) == found
        assert (found.transport, found.port, found.connection) == (UDP, 5060, 7)
        assert bench.resolver.at_once(Flow(TCP, "alias.example", 5060)) is not None
        with pytest.raises(NotLocated):
            await bench.resolver.address(Flow(TCP, "absent.example", 5060))
        assert bench.resolver.at_once(Flow(TCP, "absent.example", 5060)) is None

    run(scenario, server)


@pytest.mark.parametrize("name", ["x" * 300, "a..b", "ab" * 40, "xn--\u00fc", ".", "-"])
def test_names_that_can_be_none_lead_nowhere(server: str, name: str) -> None:
    async def scenario(bench: Bench) -> None:
        with pytest.raises(NotLocated):
            await bench.resolver.locate(Uri(host=name))

    run(scenario, server)


def test_a_name_from_outside_does_not_lead_inwards(server: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with asyncio.TaskGroup() as tasks:
            inside = {"192.0.2.1"}
            resolver = Resolver(
                SipSettings(nameservers=(server,)), Reach(transports=(UDP,), families=(Kind.A,)), tasks=tasks,
                random_bits=counted_bits(), hosts=HostsFile(tmp_path / "none"), permits=lambda host: host not in inside,
            )  # fmt: skip
            guarded = Flow(UDP, "one.example", 5060, guarded=True)
            for _ in range(2):  # asked, and remembered
                assert resolver.at_once(guarded) is None
                with pytest.raises(NotLocated, match="must not lead us"):
                    await resolver.address(guarded)
            assert (await resolver.address(guarded._replace(guarded=False))).host == "192.0.2.1"
            assert (await resolver.address(guarded._replace(host="two.example"))).host == "192.0.2.2"
            resolver.close()

    asyncio.run(scenario())
