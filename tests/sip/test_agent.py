from __future__ import annotations

import pytest

from offhook.sip.agent import Agent
from offhook.sip.call import Call, CallState
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
