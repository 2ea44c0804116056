"""RFC 5118: SIP torture messages for IPv6, one test for each and what the endpoint answers (docs/reference/torture.md)."""

from __future__ import annotations

import pytest

from offhook.sip.errors import RemoteProtocolError
from offhook.sip.events import IncomingCall, RegisterReceived
from offhook.sip.flow import Flow, Transport
from offhook.sip.locating import Reach, locate
from offhook.sip.message import Request, Response, check, parse
from offhook.sip.offer import answer
from offhook.sip.sdp import Sdp
from offhook.sip.testing import counted_bits
from offhook.sip.uri import Uri
from tests.fuzz.rfc5118 import MESSAGES
from tests.sip.raw import Line

PEER = Flow(Transport.UDP, "2001:db8::9:1", 5060)
REACH = Reach(transports=(Transport.UDP,))


def taken(name: str) -> Request:
    """The message, read, found in order, and the same after a round trip."""
    request = parse(MESSAGES[name])
    check(request)
    assert isinstance(request, Request)
    assert bytes(parse(bytes(request))) == bytes(request)
    return request


def line(name: str) -> Line:
    """An endpoint that received the message over IPv6."""
    line = Line()
    line.says(MESSAGES[name], PEER)
    return line


def said(name: str) -> Response:
    """What it answers."""
    endpoint = Line().endpoint
    endpoint.receive(MESSAGES[name], PEER, 0.0)
    (transmit,) = endpoint.transmits()
    assert transmit.destination.host == PEER.host
    response = parse(transmit.data)
    assert isinstance(response, Response)
    return response


def destination(uri: Uri) -> Flow:
    search = locate(uri, REACH, counted_bits())
    with pytest.raises(StopIteration) as found:
        next(search)
    (flow,) = found.value.value
    return flow


def test_ipv6_good() -> None:
    register = taken("ipv6-good")
    assert (register.target.address, register.target.port) == ("2001:db8::10", None)
    assert register.via.host == "[2001:db8::9:1]"
    assert register.contact is not None
    assert register.contact.uri.address == "2001:db8::1"
    line("ipv6-good").side.one(RegisterReceived)


def test_ipv6_bad() -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        check(parse(MESSAGES["ipv6-bad"]))
    assert caught.value.status_hint == 400
    assert said("ipv6-bad").status == 400


def test_port_ambiguous() -> None:
    uri = taken("port-ambiguous").target
    assert (uri.address, uri.port) == ("2001:db8::10:5070", None)
    assert destination(uri) == Flow(Transport.UDP, "2001:db8::10:5070", 5060)


def test_port_unambiguous() -> None:
    uri = taken("port-unambiguous").target
    assert (uri.address, uri.port) == ("2001:db8::10", 5070)
    assert destination(uri) == Flow(Transport.UDP, "2001:db8::10", 5070)


@pytest.mark.parametrize(
    ("name", "received"),
    [
        ("via-received-param-with-delim", "[2001:db8::9:255]"),
        ("via-received-param-no-delim", "2001:db8::9:255"),
    ],
)
def test_via_received_param(name: str, received: str) -> None:
    via = taken(name).via
    assert (via.host, via.parameters["received"], via.branch) == ("[2001:db8::9:1]", received, "z9hG4bKtorture")
    assert said(name).status == 200


def test_what_we_say_of_the_source_of_a_message_has_no_delimiters() -> None:
    via = taken("ipv6-good").via.received_from("2001:db8::9:255", 5060)
    assert "received=2001:db8::9:255" in str(via)
    assert "received" not in str(taken("ipv6-good").via.received_from("2001:db8::9:1", 5060))
    # one address has many spellings
    assert "received" not in str(taken("ipv6-good").via.received_from("2001:0db8:0::0009:1", 5060))


def test_ipv6_in_sdp() -> None:
    sdp = Sdp.parse(taken("ipv6-in-sdp").sdp or b"")
    assert (sdp.address, [media.kind for media in sdp.media]) == ("2001:db8::20", ["audio", "video"])
    ours, agreement = answer(sdp, "2001:db8::99", 4000, session_id=1)
    assert (agreement.host, agreement.port) == ("2001:db8::20", 6000)
    assert b"c=IN IP6 2001:db8::99\r\n" in bytes(ours)
    line("ipv6-in-sdp").side.one(IncomingCall)


def test_mult_ip_in_header() -> None:
    vias = taken("mult-ip-in-header").vias
    assert [(via.host, via.port) for via in vias] == [
        ("[2001:db8::9:1]", 6050),
        ("192.0.2.1", None),
        ("[2001:db8::9:255]", None),
    ]
    assert vias[2].parameters["received"] == "192.0.2.200"
    response = said("mult-ip-in-header")
    assert response.status == 481  # there is no such dialog
    assert [via.host for via in response.vias] == [via.host for via in vias]


def test_mult_ip_in_sdp() -> None:
    sdp = Sdp.parse(taken("mult-ip-in-sdp").sdp or b"")
    assert [media.address for media in sdp.media] == ["192.0.2.1", "2001:db8::1"]
    _, agreement = answer(sdp, "192.0.2.99", 4000, session_id=1)
    assert (agreement.host, agreement.port) == ("192.0.2.1", 22334)
    line("mult-ip-in-sdp").side.one(IncomingCall)


def test_ipv4_mapped_ipv6() -> None:
    invite = taken("ipv4-mapped-ipv6")
    assert [(via.host, via.port) for via in invite.vias] == [
        ("[::ffff:192.0.2.10]", 19823),
        ("[::ffff:192.0.2.2]", None),
    ]
    assert invite.contact is not None
    assert invite.contact.uri.address == "::ffff:192.0.2.2"
    _, agreement = answer(Sdp.parse(invite.sdp or b""), "2001:db8::99", 4000, session_id=1)
    assert agreement.host == "::ffff:192.0.2.2"
    line("ipv4-mapped-ipv6").side.one(IncomingCall)


def test_ipv6_bug_abnf_3_colons() -> None:
    options = taken("ipv6-bug-abnf-3-colons")
    assert options.target.host == options.to.uri.host == "[2001:db8:::192.0.2.1]"
    assert said("ipv6-bug-abnf-3-colons").status == 200


def test_ipv6_correct_abnf_2_colons() -> None:
    uri = taken("ipv6-correct-abnf-2-colons").target
    assert destination(uri).host == "2001:db8::192.0.2.1"
    assert said("ipv6-correct-abnf-2-colons").status == 200


def test_a_request_to_three_colons_goes_where_two_would_lead() -> None:
    assert destination(taken("ipv6-bug-abnf-3-colons").target).host == "2001:db8::192.0.2.1"
