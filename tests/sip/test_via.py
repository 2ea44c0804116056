"""The Via header."""

from __future__ import annotations

import pytest

from offhook.sip.errors import RemoteProtocolError
from offhook.sip.via import Via


def test_a_via_reads_and_writes() -> None:
    via = Via.parse("sip / 2.0 / udp  [2001:DB8::1] : 5070 ;branch=z9hG4bKa;rport")
    assert (via.transport, via.host, via.port, via.branch) == ("UDP", "[2001:db8::1]", 5070, "z9hG4bKa")
    assert via.wants_rport
    assert str(via) == "SIP/2.0/UDP [2001:db8::1]:5070;branch=z9hG4bKa;rport"


def test_the_receiver_adds_where_the_request_really_came_from() -> None:
    plain = Via.parse("SIP/2.0/UDP 192.0.2.4")
    assert plain.received_from("192.0.2.4", 6000) is plain
    assert plain.received_from("198.51.100.7", 6000).parameters == {"received": "198.51.100.7"}
    asking = Via.parse("SIP/2.0/UDP 192.0.2.4;rport")
    assert asking.received_from("192.0.2.4", 6000).parameters == {"rport": "6000", "received": "192.0.2.4"}
    six = Via.parse("SIP/2.0/UDP [::1]")
    assert six.received_from("::1", 6000) is six


def test_a_forged_received_is_replaced() -> None:
    forged = Via.parse("SIP/2.0/UDP 192.0.2.4;received=203.0.113.1;rport=1")
    assert forged.received_from("192.0.2.4", 6000).parameters == {"received": "192.0.2.4", "rport": "6000"}


def test_a_via_without_branch_has_an_empty_one() -> None:
    assert Via.parse("SIP/2.0/TCP host").branch == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0 host",
        "HTTP/1.1/TCP host",
        "SIP/2.0/UDP host:99999",
        "SIP/2.0/UDP a b",
        "SIP/2.0/UDP a;branch=\0",
        "SIP/2.0/UDP h ,",
    ],
)
def test_what_is_no_via_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        Via.parse(text)
