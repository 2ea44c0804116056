"""RFC 3263 §4 against a zone that is a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.dns import Kind, Naptr, Question, Record, Srv
from offhook.sip.errors import NotLocated
from offhook.sip.flow import Flow, Transport
from offhook.sip.locating import Reach, locate
from offhook.sip.testing import counted_bits
from offhook.sip.uri import Uri

UDP, TCP = Transport.UDP, Transport.TCP
REACH = Reach(transports=(UDP, TCP))
Zone = Mapping[tuple[str, Kind], Sequence[Record]]


def run(text: str, zone: Zone = {}, reach: Reach = REACH, seed: int = 1) -> tuple[tuple[Flow, ...], list[Question]]:
    """The destinations of a URI, and what was asked for them."""
    asked: list[Question] = []
    search = locate(Uri.parse(text), reach, counted_bits(seed))
    try:
        questions = next(search)
        while True:
            assert questions
            asked += questions
            questions = search.send({question: zone.get(tuple(question), ()) for question in questions})
    except StopIteration as done:
        return done.value, asked


def found(text: str, zone: Zone = {}, reach: Reach = REACH) -> list[str]:
    return [f"{flow.transport} {flow.host} {flow.port}" for flow in run(text, zone, reach)[0]]


def naptr(service: str, replacement: str, order: int = 10, flags: str = "s") -> Naptr:
    return Naptr(order=order, preference=10, flags=flags, service=service, replacement=replacement)


def srv(target: str, port: int = 5060, priority: int = 0, weight: int = 0) -> Srv:
    return Srv(priority=priority, weight=weight, port=port, target=target)


A = {("a.example", Kind.A): ["192.0.2.1"], ("b.example", Kind.A): ["192.0.2.2"]}


@pytest.mark.parametrize(
    ("uri", "flow"),
    [
        ("sip:u@192.0.2.9", "udp 192.0.2.9 5060"),
        ("sip:u@192.0.2.9:5080", "udp 192.0.2.9 5080"),
        ("sip:u@[2001:db8::9]", "udp 2001:db8::9 5060"),
        ("sip:u@192.0.2.9;transport=TCP", "tcp 192.0.2.9 5060"),
        ("sip:u@elsewhere.example:5070;maddr=192.0.2.8", "udp 192.0.2.8 5070"),
        ("sip:u@elsewhere.example;maddr=[2001:db8::8]", "udp 2001:db8::8 5060"),
    ],
)
def test_addresses_are_not_asked_for(uri: str, flow: str) -> None:
    flows, asked = run(uri)
    assert [f"{one.transport} {one.host} {one.port}" for one in flows] == [flow]
    assert asked == []


def test_a_port_asks_for_addresses_only_and_means_udp() -> None:
    flows, asked = run("sip:a.example:5080", A)
    assert flows == (Flow(UDP, "192.0.2.1", 5080),)
    assert asked == [Question("a.example", Kind.AAAA), Question("a.example", Kind.A)]


def test_a_transport_asks_for_its_own_servers_only() -> None:
    zone = {("_sip._tcp.example", Kind.SRV): [srv("a.example", 5090)], **A}
    flows, asked = run("sip:example;transport=tcp", zone)
    assert flows == (Flow(TCP, "192.0.2.1", 5090),)
    assert asked[0] == Question("_sip._tcp.example", Kind.SRV)


def test_naptr_says_which_transports_in_which_order_and_under_which_names() -> None:
    zone = {
        ("example", Kind.NAPTR): [
            naptr("SIP+D2U", "_sip._udp.servers.example", order=20),
            naptr("sip+d2t", "_sip._tcp.other.example", order=10),
            naptr("SIP+D2S", "_sip._sctp.example", order=1),
            naptr("E2U+sip", "", order=1, flags="u"),
        ],
        ("_sip._tcp.other.example", Kind.SRV): [srv("a.example", 5061)],
        ("_sip._udp.servers.example", Kind.SRV): [srv("b.example", 5062)],
        **A,
    }
    assert found("sip:example", zone) == ["tcp 192.0.2.1 5061", "udp 192.0.2.2 5062"]


def test_without_naptr_the_servers_of_every_transport_are_asked_for_in_our_order() -> None:
    zone = {
        ("_sip._tcp.example", Kind.SRV): [srv("a.example")],
        ("_sip._udp.example", Kind.SRV): [srv("b.example")],
        **A,
    }
    assert found("sip:example", zone) == ["udp 192.0.2.2 5060", "tcp 192.0.2.1 5060"]
    assert found("sip:example", zone, Reach(transports=(TCP, UDP))) == ["tcp 192.0.2.1 5060", "udp 192.0.2.2 5060"]


def test_without_servers_the_address_of_the_domain_serves_over_udp() -> None:
    assert found("sip:A.Example.", A) == ["udp 192.0.2.1 5060"]
    assert found("sip:a.example;transport=tcp", A) == ["tcp 192.0.2.1 5060"]
    assert found("sip:a.example", A, Reach(transports=(TCP,))) == ["tcp 192.0.2.1 5060"]


def test_all_addresses_of_a_server_come_before_the_next_server() -> None:
    zone = {
        ("_sip._udp.example", Kind.SRV): [srv("b.example", priority=2), srv("a.example", priority=1)],
        ("a.example", Kind.A): ["192.0.2.1", "192.0.2.3"],
        ("a.example", Kind.AAAA): ["2001:db8::1"],
        ("b.example", Kind.A): ["192.0.2.2"],
    }
    hosts = ["2001:db8::1", "192.0.2.1", "192.0.2.3", "192.0.2.2"]
    assert [flow.host for flow in run("sip:example", zone)[0]] == hosts
    only_v4 = Reach(transports=(UDP,), families=(Kind.A,))
    assert [flow.host for flow in run("sip:example", zone, only_v4)[0]] == hosts[1:]


def test_a_target_that_is_an_address_is_taken_for_one() -> None:
    zone = {("_sip._udp.example", Kind.SRV): [srv("192.0.2.7", 5070)]}
    assert found("sip:example", zone) == ["udp 192.0.2.7 5070"]


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("sip:nobody.example", "no address"),
        ("sip:u@192.0.2.1;transport=sctp", "no transport"),
        ("sips:u@192.0.2.1;transport=udp", "no transport"),
        ("tel:+1555", "no SIP server"),
        ("sip:closed.example", "no such service"),
    ],
)
def test_what_leads_nowhere_says_so(uri: str, said: str) -> None:
    # RFC 2782: the root as target says that the service is decidedly not there, so the address record does not count.
    zone = {
        ("_sip._udp.closed.example", Kind.SRV): [srv("", 0)],
        ("closed.example", Kind.A): ["192.0.2.1"],
    }
    with pytest.raises(NotLocated, match=said):
        run(uri, zone)


def test_a_domain_with_many_servers_is_read_up_to_a_bound() -> None:
    zone = {
        ("_sip._udp.example", Kind.SRV): [srv(f"s{number}.example", priority=number) for number in range(100)],
        **{(f"s{number}.example", Kind.A): [f"192.0.2.{number}"] * 3 for number in range(100)},
    }
    flows, asked = run("sip:example", zone)
    assert [flow.host for flow in flows] == [f"192.0.2.{number}" for number in range(16)]
    assert len(asked) < 40


NAMES = st.sampled_from(
    ["example", "a.example", "_sip._udp.example", "_sip._tcp.example", "", "192.0.2.7", "2001:db8::1"]
)
RECORD = st.one_of(
    st.builds(
        Naptr,
        order=st.integers(0, 3),
        preference=st.integers(0, 3),
        flags=st.sampled_from(["s", "S", "a", "u", ""]),
        service=st.sampled_from(["SIP+D2U", "sip+d2t", "SIPS+D2T", "SIP+D2S", "x"]),
        replacement=NAMES,
    ),
    st.builds(Srv, priority=st.integers(0, 3), weight=st.integers(0, 9), port=st.integers(0, 65535), target=NAMES),
    st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::2"]),
)
ZONES = st.dictionaries(st.tuples(NAMES, st.sampled_from(Kind)), st.lists(RECORD, max_size=5), max_size=8)
URIS = st.sampled_from(
    ["sip:example", "sips:example", "sip:example;transport=tcp", "sip:a.example:5080", "sip:u@x.example;maddr=example"]
)


@given(ZONES, URIS, st.integers(0, 100))
def test_any_zone_ends_in_reachable_destinations_or_in_the_one_error(zone: Zone, uri: str, seed: int) -> None:
    try:
        flows, asked = run(uri, zone, seed=seed)
    except NotLocated:
        return
    assert 0 < len(flows) <= 16
    assert len(set(flows)) == len(flows)
    assert len(set(asked)) == len(asked)
    for flow in flows:
        assert flow.transport in REACH.transports
        assert 0 < flow.port < 65536
        assert flow.host


TLS = Transport.TLS
SECURE = Reach(transports=(UDP, TCP, TLS))


def test_a_sips_uri_goes_over_tls_and_nothing_else() -> None:
    zone = {
        ("example", Kind.NAPTR): [
            naptr("SIP+D2U", "_sip._udp.example", order=1),
            naptr("SIPS+D2T", "_sips._tcp.example", order=9),
        ],
        ("_sip._udp.example", Kind.SRV): [srv("b.example")],
        ("_sips._tcp.example", Kind.SRV): [srv("a.example", 5071)],
        **A,
    }
    assert found("sips:example", zone, SECURE) == ["tls 192.0.2.1 5071"]
    assert found("sips:example;transport=tcp", zone, SECURE) == ["tls 192.0.2.1 5071"]
    assert found("sip:example", zone, SECURE) == ["udp 192.0.2.2 5060", "tls 192.0.2.1 5071"]
    assert found("sips:192.0.2.9", {}, SECURE) == ["tls 192.0.2.9 5061"]
    assert found("sips:a.example", A, SECURE) == ["tls 192.0.2.1 5061"]
    with pytest.raises(NotLocated, match="no transport"):
        run("sips:example", zone, REACH)


def test_a_certificate_must_name_the_domain_and_not_the_server_that_dns_names_for_it() -> None:
    zone = {("_sips._tcp.example", Kind.SRV): [srv("a.example", 5071)], **A}
    assert run("sips:Example", zone, SECURE)[0] == (Flow(TLS, "192.0.2.1", 5071, name="example"),)
    assert run("sips:192.0.2.9", {}, SECURE)[0] == (Flow(TLS, "192.0.2.9", 5061),)
    assert run("sip:a.example", A, SECURE)[0] == (Flow(UDP, "192.0.2.1", 5060),)
