"""The driver: feeds the endpoint from the sockets, drains it, and keeps one timer armed. It knows no SIP."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from offhook.sip.events import CallHandle, Event
from offhook.sip.flow import Flow, HostPort
from offhook.sip.settings import SipSettings
from offhook.sip.signalling import Invitation


class SipDriver:
    """``Signalling`` on real sockets; an async context manager that listens while it is open.

    ``async with SipDriver(settings, listener) as sip: sip.addresses; sip.invite(…)``. The listener is called on the
    loop, in order, once per event; it may call intentions. ``Signalling`` lists the intentions.
    """

    def __init__(
        self, settings: SipSettings, listener: Callable[[Event], None], *, random_bits: Callable[[int], int]
    ) -> None: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @property
    def addresses(self) -> dict[str, HostPort]:
        """Where it listens, by transport: ``{"udp": …, "tcp": …}``."""

    def local_address(self, peer: Flow) -> HostPort: ...

    def invite(self, invitation: Invitation) -> CallHandle: ...

    def drain(self) -> None:
        """No new calls from now on (503); those in being go on."""

    async def settled(self) -> None:
        """Wait until no call is left; bound it with ``asyncio.timeout``."""
