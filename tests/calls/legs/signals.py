"""Signalling that remembers what was asked of it, for tests of what happens outside calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from offhook.calls.directory import ClientEntry
from offhook.sip.errors import LocalProtocolError
from offhook.sip.events import CallHandle, RequestHandle, SubscriptionHandle
from offhook.sip.message import Request, parse
from offhook.sip.packages import Render
from offhook.sip.signalling import InstantMessage
from tests.sip.raw import request


class Signals:
    """The intentions that need no call."""

    def __init__(self) -> None:
        self.said: list[tuple[str, object, object]] = []
        self.bodies: dict[int, list[str]] = {}
        self.messages: list[InstantMessage] = []
        self.dialogs: dict[tuple[str, str, str], CallHandle] = {}
        self.broken = False

    def reply(self, handle: RequestHandle, code: int, reason: str = "", **_more: object) -> None:
        self.said.append(("reply", handle, code))

    def accept_refer(self, refer: SubscriptionHandle) -> None:
        self.said.append(("accept", refer, 202))

    def refuse_refer(self, refer: SubscriptionHandle, code: int) -> None:
        self.said.append(("refuse", refer, code))

    def accept_subscription(self, subscription: SubscriptionHandle) -> None:
        self.said.append(("accept", subscription, 200))

    def refuse_subscription(
        self, subscription: SubscriptionHandle, code: int, headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        self.said.append(("refuse", subscription, code))

    def notify(self, subscription: SubscriptionHandle, content_type: str, render: Render) -> None:
        bodies = self.bodies.setdefault(subscription, [])
        bodies.append(render(len(bodies)).decode())

    def message(self, message: InstantMessage) -> RequestHandle:
        if self.broken:
            raise LocalProtocolError("no transport leads there")
        self.messages.append(message)
        return RequestHandle(100 + len(self.messages))


class Doorkeeper:
    """Admission that lets one client in, or nobody."""

    def __init__(self, client: ClientEntry | None) -> None:
        self.admitted = client

    async def client(self, event: object, signalling: object, refuse: Callable[[int], None]) -> ClientEntry | None:
        if self.admitted is None:
            refuse(403)
        return self.admitted


def asked(method: str, *headers: str, **more: str) -> Request:
    """A request as it comes from a client."""
    message = parse(request(method, headers=headers, **more))  # type: ignore[arg-type]
    assert isinstance(message, Request)
    return message
