from __future__ import annotations

import pytest

from offhook.sip.sources import TrustedNetworks, source_of


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("not:an:address", "not:an:address"),
        ("name.example", "name.example"),
    ],
)
def test_an_ipv4_address_is_a_source_and_so_is_an_ipv6_site(host: str, source: str) -> None:
    assert source_of(host) == source


def test_trusted_networks_hold_addresses_of_both_families_and_no_names() -> None:
    trusted = TrustedNetworks(["10.0.0.0/8", "2001:db8::/32"])
    assert all(host in trusted for host in ("10.1.2.3", "::ffff:10.0.0.1", "2001:db8::9", "2001:db8::9%1"))
    assert not any(host in trusted for host in ("11.1.2.3", "2001:db9::1", "name.example", ""))
    assert "10.1.2.3" not in TrustedNetworks([])
