"""The endpoint: the top machine of SIP, a user agent server and client on the transaction tables.

Five methods for its driver (``receive``, ``expire``, ``deadline``, ``transmits``, ``events``) and the intentions of
``Signalling``, each with ``now``: seconds on the driver's monotonic clock. It touches no socket, clock or randomness.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from offhook.sip.events import CallHandle, Event, RequestHandle
from offhook.sip.flow import Flow, HostPort, Transmit
from offhook.sip.settings import SipSettings
from offhook.sip.signalling import Headers, Invitation


class Endpoint:
    """One SIP user agent: all calls of a process."""

    def __init__(
        self,
        settings: SipSettings,
        *,
        random_bits: Callable[[int], int],
        local_address: Callable[[Flow], HostPort],
    ) -> None:
        """``random_bits(n)`` supplies tags, branches and Call-IDs; ``local_address(peer)`` what we are called by a peer."""

    def receive(self, data: bytes, source: Flow, now: float) -> None:
        """Take one message (a datagram, or one that the stream's framing cut out). Never raises for what it says."""

    def expire(self, now: float) -> None:
        """Fire the timers that are due."""

    def deadline(self) -> float | None:
        """When ``expire`` wants to be called; None: nothing is pending."""

    def transmits(self) -> list[Transmit]:
        """Messages to send, in order; the list is handed over and forgotten."""

    def events(self) -> list[Event]:
        """What happened, in order; the list is handed over and forgotten."""

    def transport_failed(self, destination: Flow, now: float) -> None:
        """Nothing can be sent there: transactions towards it end (RFC 3261 §17.1.4, §17.2.4)."""

    def lag(self, seconds: float) -> None:
        """How late the driver's loop is; beyond ``max_lag`` new calls get 503."""

    def drain(self) -> None:
        """Refuse new calls with 503 from now on; calls in being go on."""

    def sizes(self) -> Mapping[str, int]:
        """Entries of every table by name."""

    @property
    def idle(self) -> bool:
        """Whether every table is empty."""

    def invite(self, invitation: Invitation, now: float) -> CallHandle: ...

    def acknowledge(self, call: CallHandle, sdp: bytes, now: float) -> None: ...

    def ring(
        self, call: CallHandle, now: float, code: int = 180, *, sdp: bytes | None = None, headers: Headers = ()
    ) -> None: ...

    def answer(self, call: CallHandle, sdp: bytes | None, now: float, headers: Headers = ()) -> None: ...

    def refuse(self, call: CallHandle, code: int, now: float, reason: str = "", headers: Headers = ()) -> None: ...

    def challenge(
        self, handle: CallHandle | RequestHandle, challenges: Sequence[str], now: float, *, proxy: bool = False
    ) -> None: ...

    def hangup(self, call: CallHandle, now: float, reason: str = "", headers: Headers = ()) -> None: ...

    def reinvite(self, call: CallHandle, sdp: bytes | None, now: float, headers: Headers = ()) -> None: ...

    def accept_offer(self, call: CallHandle, sdp: bytes, now: float) -> None: ...

    def refuse_offer(self, call: CallHandle, now: float, code: int = 488) -> None: ...

    def info(self, call: CallHandle, content_type: str, body: bytes, now: float) -> None: ...

    def ping(self, target: str, now: float, destination: Flow | None = None) -> RequestHandle: ...

    def reply(
        self,
        handle: RequestHandle,
        code: int,
        now: float,
        reason: str = "",
        *,
        headers: Headers = (),
        body: bytes = b"",
    ) -> None: ...
