from __future__ import annotations

import pytest

from offhook.sip.flow import HostPort, Transport


def test_an_ipv6_address_is_written_in_brackets() -> None:
    assert str(HostPort("2001:db8::1", 5060)) == "[2001:db8::1]:5060"
    assert str(HostPort("192.0.2.1", 5060)) == "192.0.2.1:5060"


@pytest.mark.parametrize(
    ("scheme", "parameter", "transport", "port"),
    [
        ("sip", None, Transport.UDP, 5060),
        ("sip", "tcp", Transport.TCP, 5060),
        ("sip", "tls", Transport.TLS, 5061),
        ("sip", "ws", Transport.WS, 80),
        ("sip", "wss", Transport.WSS, 443),
        ("sips", None, Transport.TLS, 5061),
        ("sips", "tcp", Transport.TLS, 5061),
        ("sips", "ws", Transport.WSS, 443),
    ],
)
def test_a_uri_asks_for_a_transport_and_its_port(
    scheme: str, parameter: str | None, transport: Transport, port: int
) -> None:
    asked = Transport.asked(scheme, parameter)
    assert asked is transport
    assert asked.default_port == port
    assert asked.secure is (scheme == "sips" or parameter in ("tls", "wss"))


@pytest.mark.parametrize(("scheme", "parameter"), [("sips", "udp"), ("sip", "sctp"), ("sips", "")])
def test_what_is_not_spoken_is_no_transport(scheme: str, parameter: str) -> None:
    assert Transport.asked(scheme, parameter) is None


def test_only_streams_need_content_length_and_only_their_clients_reach_web_sockets() -> None:
    assert [transport for transport in Transport if transport.stream] == [Transport.TCP, Transport.TLS]
    assert [transport for transport in Transport if transport.web] == [Transport.WS, Transport.WSS]
    assert [transport.parameter for transport in Transport] == [
        "", ";transport=tcp", ";transport=tls", ";transport=ws", ";transport=ws",
    ]  # fmt: skip


def test_only_udp_needs_retransmission() -> None:
    assert [transport for transport in Transport if not transport.reliable] == [Transport.UDP]
