from __future__ import annotations

import pytest

from offhook.sip.asyncio.addresses import LocalAddresses, is_loopback, is_unspecified


def test_a_peer_is_told_the_address_that_routes_to_it() -> None:
    addresses = LocalAddresses()
    assert addresses.towards("127.0.0.1", ipv6=False) == addresses.towards("127.0.0.1", ipv6=False) == "127.0.0.1"
    assert addresses.towards("::1", ipv6=True) == "::1"
    assert addresses.towards("name.example", ipv6=False)
    addresses.clear()
    assert addresses._known == {}


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1"])
def test_peers_on_this_machine_are_known(address: str) -> None:
    assert is_loopback(address)
    assert not is_unspecified(address)


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "localhost", "12.7.0.1"])
def test_peers_elsewhere_are_not(address: str) -> None:
    assert not is_loopback(address)
