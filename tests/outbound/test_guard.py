import socket

import pytest

from offhook.outbound.guard import Refused, guarded_sockets
from offhook.security.egress import Egress


def address_info(address):
    return (socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, 80))


def test_a_socket_is_made_only_for_an_address_that_may_be_requested():
    make = guarded_sockets(Egress(["127.0.0.1/32"]))
    with make(address_info("127.0.0.1")) as made:
        assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    with pytest.raises(Refused) as refused:
        make(address_info("127.0.0.2"))
    assert (refused.value.address, refused.value.reason) == ("127.0.0.2", "loopback")
