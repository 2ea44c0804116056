from __future__ import annotations

from offhook.sip.flow import HostPort, Transport


def test_an_ipv6_address_is_written_in_brackets() -> None:
    assert str(HostPort("2001:db8::1", 5060)) == "[2001:db8::1]:5060"
    assert str(HostPort("192.0.2.1", 5060)) == "192.0.2.1:5060"


def test_only_udp_needs_retransmission() -> None:
    assert [transport for transport in Transport if not transport.reliable] == [Transport.UDP]
