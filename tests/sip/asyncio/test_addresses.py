from __future__ import annotations

from offhook.sip.asyncio.addresses import LocalAddresses
from offhook.sip.flow import HostPort


def test_the_advertised_address_is_what_everybody_is_told() -> None:
    assert LocalAddresses(HostPort("0.0.0.0", 5070), "203.0.113.9").towards("127.0.0.1") == ("203.0.113.9", 5070)


def test_a_listener_on_one_address_is_reached_there() -> None:
    assert LocalAddresses(HostPort("127.0.0.5", 5070), "").towards("192.0.2.1") == ("127.0.0.5", 5070)


def test_a_listener_on_all_addresses_tells_the_one_that_routes_to_the_peer() -> None:
    addresses = LocalAddresses(HostPort("0.0.0.0", 5070), "")
    assert addresses.towards("127.0.0.1") == addresses.towards("127.0.0.1") == ("127.0.0.1", 5070)
    assert addresses.towards("name.example").port == 5070
    addresses.clear()
    assert addresses._known == {}
