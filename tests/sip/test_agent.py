from __future__ import annotations

import pytest

from offhook.sip.agent import Agent
from offhook.sip.call import Call, CallState
from offhook.sip.dialog import Dialog
from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import CallEnded, CallHandle, EndCause
from offhook.sip.flow import Flow, HostPort, Transport
from offhook.sip.message import Request, parse
from offhook.sip.settings import SipSettings
from offhook.sip.testing import counted_bits
from tests.sip.raw import PEER, request


def agent(**settings: object) -> Agent:
    return Agent(SipSettings(**settings), counted_bits(), lambda _peer: HostPort("2001:db8::1", 5060))  # type: ignore[arg-type]


def build(maker: Agent, flow: Flow = PEER, **more: object) -> Request:
    return maker.request(
        "INVITE", "sip:b@b", flow, from_="<sip:a@a>;tag=1", to="<sip:b@b>", call_id="c", cseq=1, **more
    )  # type: ignore[arg-type]


def test_requests_carry_our_address_and_ask_for_rport() -> None:
    made = build(agent(), Flow(Transport.TCP, "h", 1))
    assert made.get("contact") == "<sip:[2001:db8::1]:5060;transport=tcp>"
    assert (made.get("via") or "").startswith("SIP/2.0/TCP [2001:db8::1]:5060;branch=z9hG4bK")
    assert made.via.wants_rport


@pytest.mark.parametrize(
    ("uri", "route", "transport", "contact"),
    [
        ("sips:b@b", None, Transport.TLS, "<sips:[2001:db8::1]:5060>"),
        ("sips:b@b", None, Transport.WSS, "<sips:[2001:db8::1]:5060;transport=ws>"),
        ("sips:b@b", None, Transport.UDP, "<sip:[2001:db8::1]:5060>"),
        ("sip:b@b", "<sips:p;lr>", Transport.TLS, "<sips:[2001:db8::1]:5060>"),
        ("sip:b@b", None, Transport.TLS, "<sip:[2001:db8::1]:5060;transport=tls>"),
    ],
)
def test_a_request_to_a_sips_uri_brings_a_sips_contact(
    uri: str, route: str | None, transport: Transport, contact: str
) -> None:
    made = agent().request(
        "INVITE", uri, Flow(transport, "h", 1), from_="<sip:a@a>;tag=1", to="<sip:b@b>", call_id="c", cseq=1,
        routes=None if route is None else [route],
    )  # fmt: skip
    assert made.get("contact") == contact


def public(host: str) -> bool:
    return not host.startswith("10.")


@pytest.mark.parametrize(
    ("source", "contact", "way"),
    [
        ("198.51.100.1", "sip:a@198.51.100.7", Flow(Transport.UDP, "198.51.100.7", 5060)),
        ("198.51.100.1", "sip:a@10.0.0.5", Flow(Transport.UDP, "198.51.100.1", 4000)),
        ("198.51.100.1", "sip:a@trap.test:99", Flow(Transport.UDP, "trap.test", 99, guarded=True)),
        ("10.0.0.1", "sip:a@10.0.0.5", Flow(Transport.UDP, "10.0.0.5", 5060)),
        ("10.0.0.1", "sip:a@inside.test:99", Flow(Transport.UDP, "inside.test", 99)),
    ],
    ids=["among the public", "from outside inwards", "by a name", "inside", "inside by a name"],
)
def test_nobody_outside_leads_our_requests_into_other_networks(source: str, contact: str, way: Flow) -> None:
    """By a Contact, or by a route, which a second Via lets us believe."""
    maker = Agent(SipSettings(), counted_bits(), lambda _peer: HostPort("192.0.2.2", 5060), public)
    for header in (f"Contact: <{contact}>", f"Record-Route: <{contact};lr>"):
        parted = ["Via: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKz", header]
        parted += ["Contact: <sip:a@10.0.0.9>"] if header.startswith("Record") else []
        invite = parse(request(without=["Contact"], headers=parted))
        assert isinstance(invite, Request)
        assert maker.way(Dialog.of_incoming(invite, "t", Flow(Transport.UDP, source, 4000))) == way


def test_callers_of_the_machine_cannot_replace_its_own_headers() -> None:
    made = build(agent(), headers=[("CSeq", "9 BYE"), ("via", "x"), ("X-Mine", "1")])
    assert made.lines("cseq") == ["1 INVITE"]
    assert len(made.lines("via")) == 1
    assert made.get("x-mine") == "1"


def test_the_name_of_the_software_may_be_kept_secret() -> None:
    assert build(agent(user_agent="")).get("user-agent") is None
    assert build(agent(user_agent="x")).get("user-agent") == "x"


def test_a_call_is_reported_over_once_and_then_forgotten() -> None:
    maker = agent()
    invite = parse(request())
    assert isinstance(invite, Request)
    call = Call(CallHandle(maker.new_handle()), CallState.STANDING, invite, PEER, "t")
    maker.calls[call.handle] = call
    with pytest.raises(LocalProtocolError):
        maker.call(call.handle, CallState.OFFERED)
    maker.report_end(call, EndCause.GONE)
    maker.end(call, EndCause.BYE)
    assert maker.events == [CallEnded(call=call.handle, cause=EndCause.GONE)]
    assert maker.call(call.handle, CallState.STANDING) is None
