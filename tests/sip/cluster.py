"""Several servers of one domain, played by hand, and an endpoint of ours that knows them; time is virtual."""

from __future__ import annotations

from typing import TypeVar

from offhook.sip.endpoint import Endpoint
from offhook.sip.events import CallHandle, Event
from offhook.sip.flow import Flow, HostPort, Transport
from offhook.sip.message import Request, Response, parse
from offhook.sip.settings import SipSettings
from offhook.sip.signalling import Invitation
from offhook.sip.testing import counted_bits

EventT = TypeVar("EventT")


class Cluster:
    """``sent`` is what the servers received: the server's number and the message."""

    def __init__(self, servers: int = 2, transport: Transport = Transport.UDP, **settings: object) -> None:
        self.flows = tuple(Flow(transport, f"192.0.2.{number}", 5060) for number in range(1, servers + 1))
        self.endpoint = Endpoint(
            SipSettings(user_agent="", **settings),  # type: ignore[arg-type]
            random_bits=counted_bits(),
            local_address=lambda _peer: HostPort("192.0.2.100", 5060),
        )
        self.now = 0.0
        self.sent: list[tuple[int, Request | Response]] = []
        self.heard: list[Event] = []

    def invite(self, **more: object) -> CallHandle:
        fields = {"target": "sip:x@example", "from_uri": "sip:a@b", "sdp": b"v=0", "destinations": self.flows, **more}
        return self.settled(self.endpoint.invite(Invitation(**fields), self.now))  # type: ignore[arg-type]

    def settled(self, result: CallHandle) -> CallHandle:
        self.settle()
        return result

    def settle(self) -> None:
        for transmit in self.endpoint.transmits():
            self.sent.append((self.flows.index(transmit.destination) + 1, parse(transmit.data)))
        self.heard += self.endpoint.events()

    def run(self, seconds: float | None = None) -> None:
        """Let time pass: so many seconds, or until nothing is left to do."""
        end = float("inf") if seconds is None else self.now + seconds
        while (moment := self.endpoint.deadline()) is not None and moment <= end:
            self.now = max(self.now, moment)
            self.endpoint.expire(self.now)
            self.settle()
        if seconds is not None:
            self.now = end

    def request(self, server: int, method: str = "INVITE") -> Request:
        """The last of that method at that server."""
        found = [
            message
            for at, message in self.sent
            if at == server and isinstance(message, Request) and message.method == method
        ]
        return found[-1]

    def answers(
        self, server: int, status: int, method: str = "INVITE", headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        fields = (("Contact", f"<sip:x@192.0.2.{server}>"), *headers)
        response = self.request(server, method).response(
            status, to_tag=f"t{server}" if status > 100 else "", headers=fields
        )
        self.endpoint.receive(bytes(response), self.flows[server - 1], self.now)
        self.settle()

    def fails(self, server: int) -> None:
        """The transport to it breaks."""
        self.endpoint.transport_failed(self.flows[server - 1], self.now)
        self.settle()

    def requests(self) -> list[str]:
        """Requests so far, each once however often it was repeated: ``INVITE 1``."""
        return list(dict.fromkeys(f"{one.method} {server}" for server, one in self.sent if isinstance(one, Request)))

    def of(self, kind: type[EventT]) -> list[EventT]:
        return [event for event in self.heard if isinstance(event, kind)]
