"""Where a response goes when the connection that brought its request is gone (RFC 3261 §18.2.2, RFC 3263 §5)."""

from __future__ import annotations

from offhook.sip.flow import Flow
from offhook.sip.locating import is_address
from offhook.sip.via import Via


def ways_back(via: Via, source: Flow) -> tuple[Flow, ...]:
    """New connections to try in this order, for a request with the top ``via`` that came by ``source``: to the address that it
    came from, at the port where its sender listens; then to the name that he gives himself. None for datagrams, which come and
    go anyway, and for WebSockets, to which nobody can connect.
    """
    if not source.transport.stream:
        return ()
    named, port = via.host.strip("[]"), via.port or source.transport.default_port
    name = named if source.transport.secure else ""
    ways = [Flow(source.transport, source.host, port, name=name)]
    if not is_address(named):
        ways.append(Flow(source.transport, named, via.port or 0, guarded=True))
    return tuple(ways)
