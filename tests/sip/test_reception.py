"""What arrives and is not a well-mannered call."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.sip.bans import Bans
from offhook.sip.capabilities import ALLOW
from offhook.sip.endpoint import Endpoint
from offhook.sip.events import CallEnded, IncomingCall
from offhook.sip.flow import Flow, HostPort, Transport
from offhook.sip.settings import BanSettings, SipSettings
from offhook.sip.sources import TrustedNetworks
from offhook.sip.testing import Wire, counted_bits
from tests.sip.raw import PEER, Line, request


@pytest.mark.parametrize(
    ("data", "status", "header"),
    [
        (request("BYE", to="<sip:b@b>;tag=unknown"), 481, None),
        (request("INFO", to="<sip:b@b>;tag=unknown"), 481, None),
        (request("INVITE", to="<sip:b@b>;tag=unknown"), 481, None),
        (request("CANCEL"), 481, None),
        (request("BYE"), 481, None),
        (request("PUBLISH"), 405, ("allow", ALLOW)),
        (request("DANCE"), 501, None),
        (request(headers=["Require: 100rel, foo, timer, Bar"]), 420, ("unsupported", "foo, Bar")),
        (request(headers=["Content-Encoding: gzip"], body="x"), 415, ("accept-encoding", "identity")),
        (request(uri="http://b"), 416, None),
        (request(headers=["Content-Type: text/html"], body="x"), 415, ("accept", "application/sdp")),
        (request(without=["Contact"]), 400, None),
        (request(without=["Call-ID"]), 400, None),
        (request(without=["From"]), 400, None),
        (request(without=["CSeq"]), 400, None),
        (request(headers=["Require: a b"]), 400, None),
        (request(headers=["X: a\0b"]), 400, None),
        (request(to="<sip:b@192.0.2.2>;x=\0"), 400, None),
    ],
)
def test_what_cannot_be_served_is_refused_and_forgotten(
    data: bytes, status: int, header: tuple[str, str] | None
) -> None:
    line = Line()
    line.says(data)
    assert line.last().status == status
    assert header is None or line.last().get(header[0]) == header[1]
    assert line.endpoint.sizes()["server_transactions"] == 0


def test_a_call_that_went_round_too_often_is_refused() -> None:
    line = Line()
    line.says(request().replace(b"Max-Forwards: 70", b"Max-Forwards: 0"))
    assert line.hears() == ["483 INVITE"]


def test_a_request_that_came_by_two_ways_is_taken_once() -> None:
    line = Line()
    line.says(request(branch="1"))
    line.says(request(branch="2"))
    assert line.hears() == ["100 INVITE", "482 INVITE"]
    line.side.one(IncomingCall)


def test_a_retransmitted_invite_gets_the_last_response_again() -> None:
    line = Line()
    line.says(request())
    line.endpoint.ring(line.side.one(IncomingCall).call, line.wire.now)
    line.says(request())
    assert line.hears() == ["100 INVITE", "180 INVITE", "180 INVITE"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"\x00\x00",
        b"hello",
        b"INVITE",
        request("ACK"),
        b"SIP/2.0 200 OK\r\n\r\n",
        request(without=["Via"]),
    ],
)
def test_what_has_no_answer_gets_none(data: bytes) -> None:
    line = Line()
    line.says(data)
    assert line.hears() == []
    assert line.endpoint.idle


def test_responses_go_to_the_port_that_sent_when_rport_asks_and_to_that_of_via_when_not() -> None:
    endpoint = Wire().right.endpoint
    source = Flow(Transport.UDP, "198.51.100.7", 34567)
    endpoint.receive(request(), source, 0.0)
    endpoint.receive(
        request(branch="2", call_id="c2").replace(b";rport", b"").replace(b"192.0.2.1;", b"192.0.2.1:5080;"),
        source,
        0.0,
    )
    first, second = endpoint.transmits()
    assert first.destination == source
    assert b"received=198.51.100.7" in first.data
    assert b"rport=34567" in first.data
    assert second.destination == Flow(Transport.UDP, "198.51.100.7", 5080)


def test_a_scanner_meets_silence_after_its_burst_and_is_heard_again_later() -> None:
    line = Line(Wire(right_settings=SipSettings(source_burst=5, source_rate=1)))
    for n in range(20):
        line.says(request("OPTIONS", branch=f"o{n}", call_id=f"o{n}"))
    assert len(line.hears()) == 5
    line.wire.run(2.5)
    for n in range(5):
        line.says(request("OPTIONS", branch=f"p{n}", call_id=f"p{n}"))
    assert len(line.hears()) == 2


def test_calls_of_a_scanned_source_go_on() -> None:
    line = Line(Wire(right_settings=SipSettings(source_burst=1, source_rate=0)))
    line.says(request())
    line.endpoint.answer(line.side.one(IncomingCall).call, b"v=0", 0.0)
    line.says(request("OPTIONS", branch="x", call_id="x"))
    line.hears()
    tag = line.last().to_tag
    line.says(request("ACK", branch="a", to=f"<sip:b@b>;tag={tag}"))
    line.says(request("BYE", branch="b", cseq=2, to=f"<sip:b@b>;tag={tag}"))
    assert line.hears() == ["200 BYE"]
    line.side.one(CallEnded)


def test_trusted_networks_have_no_limit() -> None:
    line = Line(Wire(right_settings=SipSettings(source_burst=1, source_rate=0, trust=("192.0.2.0/24",))))
    for n in range(20):
        line.says(request("OPTIONS", branch=f"o{n}", call_id=f"o{n}"))
    assert line.hears() == ["200 OPTIONS"] * 20


def test_beyond_the_limit_of_calls_new_ones_get_503_and_old_ones_go_on() -> None:
    line = Line(Wire(right_settings=SipSettings(max_calls=1, retry_after=7)))
    line.says(request())
    line.says(request(branch="2", call_id="c2"))
    assert line.hears() == ["100 INVITE", "503 INVITE"]
    assert line.last().get("retry-after") == "7"
    line.says(request("ACK", branch="2", call_id="c2", to=line.last().get("to") or ""))
    line.endpoint.answer(line.side.one(IncomingCall).call, b"v=0", 0.0)
    assert line.hears() == ["200 INVITE"]


@pytest.mark.parametrize("how", ["lag", "drain"])
def test_a_late_loop_and_a_drain_refuse_calls_but_answer_options(how: str) -> None:
    line = Line()
    line.endpoint.lag(1.0) if how == "lag" else line.endpoint.drain()
    line.says(request())
    line.says(request("OPTIONS", branch="o", call_id="o"))
    assert line.hears() == ["503 INVITE", "200 OPTIONS"]
    line.endpoint.lag(0.0)


MUTATED = st.builds(
    lambda data, cuts: b"".join(data[a:] if n % 2 else data[:a] + junk for n, (a, junk) in enumerate(cuts)) or data,
    st.sampled_from([request(), request("REGISTER"), request("BYE"), request("CANCEL"), request("OPTIONS")]),
    st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=12)), max_size=3),
)


@settings(max_examples=400, deadline=None)
@given(MUTATED | st.binary(max_size=300))
def test_no_bytes_make_the_endpoint_raise(data: bytes) -> None:
    endpoint = Wire().right.endpoint
    endpoint.receive(data, PEER, 0.0)
    endpoint.receive(data, PEER, 0.1)
    endpoint.transmits()
    while (moment := endpoint.deadline()) is not None:
        endpoint.expire(moment)
    assert endpoint.idle


def test_a_scanner_hears_nothing_at_all() -> None:
    line = Line()
    for method in ("OPTIONS", "REGISTER", "INVITE", "SUBSCRIBE"):
        line.says(request(method, headers=["User-Agent: friendly-scanner"], branch=method))
        assert line.hears() == []
    assert line.side.heard == []
    line.says(request("OPTIONS"))
    assert line.hears() == ["200 OPTIONS"]


def test_a_banned_source_can_still_end_the_call_that_it_is_in() -> None:
    wire = Wire()
    settings = SipSettings(bans=BanSettings(failures_of_source=1))
    bans = Bans(settings.bans, TrustedNetworks(()))
    wire.right.endpoint = Endpoint(
        settings, random_bits=counted_bits(), local_address=lambda _peer: wire.right.address, bans=bans
    )
    line = Line(wire)
    line.says(request())
    call = line.side.one(IncomingCall).call
    line.endpoint.answer(call, b"v=0", 0.0)
    line.hears()
    to = f"<sip:b@192.0.2.2>;tag={line.last().to_tag}"
    line.says(request("ACK", to=to, branch="ack"))
    bans.failed(PEER.host, "bob", 0.0)
    for method in ("INVITE", "REGISTER", "OPTIONS"):
        line.says(request(method, branch=method, call_id=method))
    assert line.hears() == []
    line.says(request("BYE", to=to, branch="bye", cseq=2))
    assert line.hears() == ["200 BYE"]
    assert line.side.one(CallEnded).cause.by_far_end


@pytest.mark.parametrize(
    "via", ["192.0.2.1;x=\0", "192.0.2.7, SIP/2.0/UDP 192.0.2.9\0", "192.0.2.7, SIP/2.0/UDP 192.0.2.9;y=\0"]
)
def test_who_cannot_be_told_from_his_via_gets_no_answer(via: str) -> None:
    line = Line()
    line.says(request(via=via))
    assert line.hears() == []


def test_a_name_may_hold_a_nul_behind_a_backslash_and_its_call_can_be_hung_up() -> None:
    line = Line()
    line.says(request().replace(b"From: <", b'From: "NUL:\\\0" <'))
    call = line.side.one(IncomingCall).call
    line.endpoint.answer(call, b"v=0", 0.0)
    line.wire.settle()
    line.says(request("ACK", to=line.last().get("to") or "", branch="2"))
    line.endpoint.hangup(call, 0.0)
    assert line.hears() == ["100 INVITE", "200 INVITE", "BYE"]


def test_a_defect_met_late_ends_what_was_opened_for_the_request() -> None:
    line = Line()
    line.says(request())
    line.endpoint.answer(line.side.one(IncomingCall).call, b"v=0", 0.0)
    line.wire.settle()
    to = line.last().get("to") or ""
    line.says(request("ACK", to=to, branch="2"))
    line.hears()
    line.says(
        request("UPDATE", to=to, branch="3", cseq=2, body="v=0").replace(
            b"<sip:a@192.0.2.1>\r\nContent", b"<:>\r\nContent"
        )
    )
    assert line.hears() == ["400 UPDATE"]
    assert line.endpoint.sizes()["server_transactions"] == 2
    line.wire.run(40.0)
    assert line.endpoint.sizes()["server_transactions"] == 0


def test_who_may_be_reached_over_his_connection_is_told_to_the_driver() -> None:
    told: list[tuple[Flow, str, int]] = []
    address = HostPort("192.0.2.2", 5060)
    endpoint = Endpoint(
        SipSettings(),
        random_bits=counted_bits(),
        local_address=lambda _peer: address,
        on_alias=lambda flow, host, port: told.append((flow, host, port)),
    )
    tls = Flow(Transport.TLS, "192.0.2.1", 40_000, 7)
    for via in ("trunk.example;alias", "[2001:db8::1]:5071;alias", "trunk.example"):
        endpoint.receive(request("OPTIONS", via=via, branch=via[:3]), tls, 0.0)
    endpoint.receive(request("OPTIONS", via="trunk.example;alias", branch="u"), PEER, 0.0)
    assert told == [(tls, "trunk.example", 5061), (tls, "2001:db8::1", 5071)]
