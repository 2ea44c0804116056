from __future__ import annotations

import pytest

from offhook.sip.dialog import Dialog, flow_towards
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.flow import Flow, Transport
from offhook.sip.message import Request, parse
from offhook.sip.uri import Uri
from tests.sip.raw import PEER, request

TCP = Flow(Transport.TCP, "192.0.2.1", 40000, 7)


def invite(**more: object) -> Request:
    message = parse(request(**more))  # type: ignore[arg-type]
    assert isinstance(message, Request)
    return message


def test_behind_a_nat_requests_go_back_where_the_invite_came_from() -> None:
    dialog = Dialog.of_incoming(invite(without=["Contact"], headers=["Contact: <sip:a@10.0.0.5:5062>"]), "t", PEER)
    assert dialog.destination() == PEER
    assert dialog.routing() == ("sip:a@10.0.0.5:5062", [])


def test_through_a_proxy_that_left_the_path_requests_go_to_the_contact() -> None:
    data = invite(
        without=["Contact"],
        headers=["Via: SIP/2.0/UDP 10.0.0.5;branch=z9hG4bKz", "Contact: <sip:a@10.0.0.5:5062;transport=tcp>"],
    )
    assert Dialog.of_incoming(data, "t", PEER).destination() == Flow(Transport.TCP, "10.0.0.5", 5062)


def test_a_loose_route_leads_to_its_first_router_with_the_contact_as_request_uri() -> None:
    dialog = Dialog.of_incoming(
        invite(headers=["Record-Route: <sip:198.51.100.1:5070;lr>", "Record-Route: <sip:p2;lr>"]), "t", PEER
    )
    assert dialog.destination() == Flow(Transport.UDP, "198.51.100.1", 5070)
    assert dialog.routing() == ("sip:a@192.0.2.1", ["<sip:198.51.100.1:5070;lr>", "<sip:p2;lr>"])


def test_a_strict_router_takes_the_request_uri_and_the_contact_goes_last() -> None:
    dialog = Dialog.of_incoming(invite(headers=["Record-Route: <sip:p1>", "Record-Route: <sip:p2;lr>"]), "t", PEER)
    assert dialog.routing() == ("sip:p1", ["<sip:p2;lr>", "<sip:a@192.0.2.1>"])


def test_numbers_of_requests_only_grow() -> None:
    dialog = Dialog.of_incoming(invite(cseq=5), "t", PEER)
    assert not dialog.in_order(invite(cseq=5))
    assert dialog.in_order(invite(cseq=9))
    assert not dialog.in_order(invite(cseq=6))


def test_an_invite_without_contact_makes_no_dialog() -> None:
    with pytest.raises(RemoteProtocolError):
        Dialog.of_incoming(invite(without=["Contact"]), "t", PEER)


@pytest.mark.parametrize(
    ("uri", "flow"),
    [
        ("sip:a@h", Flow(Transport.UDP, "h", 0)),
        ("sip:a@h:5070;transport=TCP", Flow(Transport.TCP, "h", 5070)),
        ("sip:a@[2001:db8::1]", Flow(Transport.UDP, "2001:db8::1", 5060)),
        ("sip:192.0.2.1:40000", TCP),
        ("sips:a@h", Flow(Transport.TLS, "h", 0)),
        ("sip:a@h;transport=ws", Flow(Transport.WS, "h", 80)),
        ("sip:a@h;transport=sctp", None),
        ("tel:+1", None),
    ],
)
def test_where_a_uri_leads(uri: str, flow: Flow | None) -> None:
    assert flow_towards(Uri.parse(uri), TCP) == flow


def test_a_secure_target_is_reached_over_tls_and_never_less() -> None:
    assert flow_towards(Uri.parse("sip:b@h:5070;transport=tls")) == Flow(Transport.TLS, "h", 5070)
    plain = Flow(Transport.TCP, "h", 5061, 7)
    assert flow_towards(Uri.parse("sips:b@h"), plain) == Flow(Transport.TLS, "h", 0)
    secure = Flow(Transport.WSS, "h", 443, 8)
    assert flow_towards(Uri.parse("sips:b@h;transport=ws"), secure) is secure
    assert flow_towards(Uri.parse("sip:b@h:443;transport=ws"), secure) is secure


def test_a_target_under_invalid_is_where_its_connection_is() -> None:
    web = Flow(Transport.WSS, "192.0.2.1", 40000, 7)
    data = invite(
        without=["Contact"],
        headers=["Via: SIP/2.0/WSS x.invalid;branch=z9hG4bKz", "Contact: <sip:a@df7jal23ls0d.invalid;transport=ws>"],
    )
    assert Dialog.of_incoming(data, "t", web).destination() is web


def test_a_web_client_that_comes_back_over_another_connection_is_there() -> None:
    web, again = (Flow(Transport.WSS, "192.0.2.1", 40_000, number) for number in (7, 8))
    data = invite(without=["Contact"], headers=["Contact: <sip:a@df7jal23ls0d.invalid;transport=ws>"])
    dialog = Dialog.of_incoming(data, "t", web)
    dialog.leave_flow()
    assert dialog.destination() == web._replace(connection=0)
    dialog.follow(again)
    assert dialog.destination() == again
    dialog.follow(PEER)
    assert dialog.destination() == again


@pytest.mark.parametrize(
    ("uri", "contact", "route", "sips"),
    [
        ("sip:b@h", "<sip:a@192.0.2.1>", None, False),
        ("sips:b@h", "<sip:a@192.0.2.1>", None, True),
        ("sip:b@h", "<sips:a@192.0.2.1>", None, True),
        ("sip:b@h", "<sips:a@192.0.2.1>", "<sip:p;lr>", False),
        ("sip:b@h", "<sip:a@192.0.2.1>", "<sips:p;lr>", True),
    ],
)
def test_a_dialog_that_began_secure_wants_a_sips_contact(uri: str, contact: str, route: str | None, sips: bool) -> None:
    headers = [f"Contact: {contact}", *([f"Record-Route: {route}"] if route else ())]
    dialog = Dialog.of_incoming(invite(uri=uri, without=["Contact"], headers=headers), "t", PEER)
    assert dialog.sips is sips
