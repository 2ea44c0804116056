from __future__ import annotations

import pytest

from offhook.sip.flow import Flow, Transport
from offhook.sip.transaction.ways_back import ways_back
from offhook.sip.via import Via

TCP = Flow(Transport.TCP, "192.0.2.1", 40_000, 7)
TLS = Flow(Transport.TLS, "192.0.2.1", 40_000, 7)


@pytest.mark.parametrize(
    ("via", "source", "ways"),
    [
        ("SIP/2.0/TCP 10.0.0.5:5070;branch=z", TCP, (Flow(Transport.TCP, "192.0.2.1", 5070),)),
        ("SIP/2.0/TCP 192.0.2.1;branch=z", TCP, (Flow(Transport.TCP, "192.0.2.1", 5060),)),
        (
            "SIP/2.0/TLS pbx.test;branch=z",
            TLS,
            (
                Flow(Transport.TLS, "192.0.2.1", 5061, name="pbx.test"),
                Flow(Transport.TLS, "pbx.test", 0, guarded=True),
            ),
        ),
        ("SIP/2.0/UDP 192.0.2.1;branch=z", TCP._replace(transport=Transport.UDP), ()),
        ("SIP/2.0/WS a.invalid;branch=z", TCP._replace(transport=Transport.WS), ()),
    ],
    ids=["behind a NAT", "the port that is usual", "a name", "datagrams", "a WebSocket"],
)
def test_a_response_finds_its_way_back_without_its_connection(via: str, source: Flow, ways: tuple[Flow, ...]) -> None:
    assert ways_back(Via.parse(via), source) == ways
