from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from offhook.security.tls import ServerTls
from offhook.sip.asyncio.acceptor import Handshakes
from offhook.sip.asyncio.listeners import Listeners
from offhook.sip.flow import Flow, HostPort, Transport
from offhook.sip.settings import Listener, SipSettings
from offhook.sip.sources import TrustedNetworks
from tests.support.certificates import certificate


@contextmanager
def listeners(*further: Listener, tls: ServerTls | None = None, **more: Any) -> Iterator[Listeners]:
    settings = SipSettings(**{"listen": ("127.0.0.1", 0), "listeners": further, **more})
    made = Listeners(
        settings,
        on_datagram=lambda _data, _flow: None,
        on_batch=lambda: None,
        accept=lambda _place: asyncio.Protocol(),
        handshakes=Handshakes(settings, TrustedNetworks(())),
        tls=tls,
    )
    made.bind()
    yield made
    made.close()


def at(transport: Transport, host: str, advertise: str = "") -> Listener:
    return Listener(transport=transport, listen=(host, 0), advertise=advertise)


def udp(address: str, connection: int = 0) -> Flow:
    return Flow(Transport.UDP, address, 5060, connection)


def test_the_simple_form_is_udp_and_tcp_on_one_port() -> None:
    with listeners() as made:
        assert list(made.addresses) == ["udp", "tcp"]
        assert made.addresses["udp"] == made.addresses["tcp"]


def test_each_transport_is_listed_by_its_first_address(tmp_path: Path) -> None:
    tls = ServerTls([certificate(tmp_path)])
    with listeners(at(Transport.TLS, "::1"), listen_tls=("127.0.0.1", 0), tls=tls) as made:
        assert made.addresses["tls"].host == "127.0.0.1"


def test_a_port_in_use_is_named_and_none_is_held() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        where = taken.getsockname()
        with pytest.raises(OSError, match=rf"127\.0\.0\.1:{where[1]} \(tcp\).*sip\.listeners"):
            with listeners(Listener(transport=Transport.TCP, listen=where)):
                raise AssertionError


def test_a_message_leaves_from_the_socket_of_its_flow_else_of_its_family() -> None:
    with listeners(at(Transport.UDP, "127.0.0.1"), at(Transport.UDP, "::1")) as made:
        first, second, sixth = (made.udp(number, "127.0.0.1") for number in (1, 2, 3))
        assert first is not None
        assert len({first, second, sixth}) == 3
        assert made.udp(0, "127.0.0.1") is first
        assert made.udp(0, "::1") is sixth
    with listeners() as made:
        assert made.udp(0, "2001:db8::1") is None


def test_a_message_leaves_from_the_address_that_the_kernel_would_choose() -> None:
    with listeners(at(Transport.UDP, "127.0.0.2"), at(Transport.UDP, "0.0.0.0"), listen=("127.0.0.3", 0)) as made:
        everywhere = made.udp(3, "")
        assert made.udp(0, "127.0.0.1") is everywhere
        made._local.towards = lambda host, *, ipv6: "127.0.0.2" if host == "192.0.2.5" else "198.51.100.1"  # type: ignore[method-assign]
        assert made.udp(0, "192.0.2.5") is made.udp(2, "")
        assert made.udp(0, "192.0.2.6") is everywhere


def test_peers_elsewhere_are_told_the_advertised_address_of_the_listener_in_use() -> None:
    further = [at(Transport.UDP, "0.0.0.0", "203.0.113.2"), at(Transport.TCP, "0.0.0.0")]
    with listeners(*further, listen=("0.0.0.0", 0), advertise="203.0.113.1") as made:
        assert made.called(udp("192.0.2.1", 1), "192.0.2.1", None) == ("203.0.113.1", made.addresses["udp"].port)
        second = made.called(udp("192.0.2.1", 2), "192.0.2.1", None)
        assert second.host == "203.0.113.2"
        assert second.port != made.addresses["udp"].port


def test_peers_on_this_machine_are_told_loopback_whatever_is_advertised() -> None:
    with listeners(listen=("0.0.0.0", 0), advertise="203.0.113.1") as made:
        assert made.called(udp("127.0.0.1"), "127.0.0.1", None) == ("127.0.0.1", made.addresses["udp"].port)


def test_a_listener_on_one_address_is_found_there() -> None:
    with listeners(listen=("127.0.0.5", 0)) as made:
        assert made.called(udp("192.0.2.1"), "192.0.2.1", None).host == "127.0.0.5"


def test_over_a_transport_that_is_not_listened_on_peers_are_told_another_address_of_their_family() -> None:
    with listeners(at(Transport.UDP, "::1")) as made:
        assert made.called(Flow(Transport.TLS, "h", 5061), "192.0.2.1", None) == made.addresses["udp"]
        assert made.called(Flow(Transport.TLS, "h", 5061), "2001:db8::1", None).host == "::1"


def test_what_was_found_out_is_told_to_peers_outside_unless_the_listener_says_otherwise() -> None:
    further = [at(Transport.UDP, "0.0.0.0", "203.0.113.2"), at(Transport.TCP, "0.0.0.0"), at(Transport.UDP, "::")]
    with listeners(*further, listen=("0.0.0.0", 0), local_networks=("10.0.0.0/8",)) as made:
        made.mapped(made.sockets[0], HostPort("198.51.100.9", 40000))
        assert made.called(udp("192.0.2.1", 1), "192.0.2.1", None) == ("198.51.100.9", 40000)
        assert made.called(udp("192.0.2.1", 2), "192.0.2.1", None).host == "203.0.113.2"
        tcp = made.called(Flow(Transport.TCP, "192.0.2.1", 5060), "192.0.2.1", None)
        assert tcp == ("198.51.100.9", made.addresses["tcp"].port)
        assert made.called(udp("127.0.0.1", 1), "127.0.0.1", None) == ("127.0.0.1", made.addresses["udp"].port)
        assert made.called(udp("10.0.0.9", 1), "10.0.0.9", None).host not in ("198.51.100.9", "10.0.0.9")
        assert made.called(udp("2001:db8::9", 3), "2001:db8::9", None).host != "198.51.100.9"


def test_the_address_of_an_interface_is_told_by_listeners_on_all_addresses() -> None:
    with listeners(at(Transport.UDP, "127.0.0.2"), at(Transport.TCP, "::"), listen=("0.0.0.0", 0)) as made:
        made.reached_by(["198.51.100.9", "2001:db8::9"])
        assert made.called(udp("192.0.2.1", 1), "192.0.2.1", None).host == "198.51.100.9"
        assert made.called(udp("192.0.2.1", 2), "192.0.2.1", None).host == "127.0.0.2"
        assert made.called(Flow(Transport.TCP, "2001:db8::1", 5060), "2001:db8::1", None).host == "2001:db8::9"
