import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.security.egress import Egress, EgressError


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
        "169.254.169.254", "224.0.0.1", "239.1.1.1", "255.255.255.255", "240.0.0.1", "198.18.0.1", "192.0.0.192",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::169.254.169.254", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1", "100::1",
        "localhost", "", "1.2.3", "01.2.3.4",
    ],
)  # fmt: skip
def test_nothing_but_the_public_internet_is_reachable_by_default(address):
    assert not Egress().permits(address)
    assert Egress().refusal(address)


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8"],
)
def test_the_public_internet_is_reachable(address):
    assert Egress().permits(address)


def test_an_allowed_network_is_reachable_also_when_written_inside_ipv6():
    egress = Egress(["127.0.0.0/8", "fd00::/8", "10.1.2.3"])
    for address in ("127.0.0.1", "::ffff:127.0.0.1", "fd00::5", "10.1.2.3"):
        assert egress.permits(address)
    for address in ("10.1.2.4", "::1", "fe80::1"):
        assert not egress.permits(address)


def test_a_network_that_is_none_is_named():
    with pytest.raises(EgressError, match="loopback"):
        Egress(["loopback"])


@given(st.text())
def test_any_text_gets_a_verdict(text):
    assert isinstance(Egress().permits(text), bool)
