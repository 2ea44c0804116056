"""A line between two endpoints for tests: it may lose, repeat and reorder, and time on it is virtual."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TypeVar

from offhook.sip.endpoint import Endpoint
from offhook.sip.events import Event
from offhook.sip.flow import Flow, HostPort, Transmit, Transport
from offhook.sip.settings import SipSettings

EventT = TypeVar("EventT")
Fate = Callable[[bytes], list[float]]
"""Delays in seconds after which copies of a message arrive: ``[]`` loses it, two repeat it, uneven ones reorder."""


def counted_bits(seed: int = 1) -> Callable[[int], int]:
    """A source of identifiers that is the same in every run (SplitMix64)."""
    state = seed

    def bits(count: int) -> int:
        nonlocal state
        value = 0
        for _ in range((count + 63) // 64):
            state = (state + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
            mixed = state
            mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
            mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
            value = value << 64 | mixed ^ (mixed >> 31)
        return value & ((1 << count) - 1)

    return bits


@dataclass(slots=True, kw_only=True)
class Side:
    """One end of the line."""

    address: HostPort
    endpoint: Endpoint
    heard: list[Event] = field(default_factory=list)
    on_event: Callable[[Event], None] | None = None

    def of(self, kind: type[EventT]) -> list[EventT]:
        """What was heard of that kind, in order."""
        return [event for event in self.heard if isinstance(event, kind)]

    def one(self, kind: type[EventT]) -> EventT:
        """The only event of that kind."""
        (event,) = self.of(kind)
        return event


class Wire:
    """Two endpoints, ``left`` and ``right``. ``transcript`` keeps what was sent, also what was lost, as ``< INVITE`` or ``> 200 INVITE``."""

    def __init__(
        self,
        settings: SipSettings | None = None,
        *,
        transport: Transport = Transport.UDP,
        fate: Fate = lambda _data: [0.01],
        seed: int = 1,
        right_settings: SipSettings | None = None,
    ) -> None:
        settings = settings or SipSettings(user_agent="")
        self.now = 0.0
        self.fate = fate
        self.transport = transport
        self.transcript: list[str] = []
        self.left = self._side("192.0.2.1", settings, seed)
        self.right = self._side("192.0.2.2", right_settings or settings, seed + 1000)
        self._on_the_way: list[tuple[float, int, Side, bytes, Flow]] = []
        self._sent = 0

    def _side(self, host: str, settings: SipSettings, seed: int) -> Side:
        address = HostPort(host, 5060)
        endpoint = Endpoint(settings, random_bits=counted_bits(seed), local_address=lambda _peer: address)
        return Side(address=address, endpoint=endpoint)

    def towards(self, side: Side) -> Flow:
        """The flow that leads to ``side``."""
        return Flow(self.transport, side.address.host, side.address.port)

    def settle(self) -> None:
        """Hand over what the endpoints have to say, at this moment."""
        busy = True
        while busy:
            busy = False
            for side, other in ((self.left, self.right), (self.right, self.left)):
                for event in side.endpoint.events():
                    busy = True
                    side.heard.append(event)
                    if side.on_event is not None:
                        side.on_event(event)
                for transmit in side.endpoint.transmits():
                    busy = True
                    self._carry(side, other, transmit)

    def run(self, seconds: float | None = None) -> None:
        """Let time pass: ``seconds`` of it, or until both sides have nothing left to do."""
        end = float("inf") if seconds is None else self.now + seconds
        self.settle()
        while (moment := self._next()) is not None and moment <= end:
            self.now = max(self.now, moment)
            while self._on_the_way and self._on_the_way[0][0] <= self.now:
                _, _, side, data, source = heappop(self._on_the_way)
                side.endpoint.receive(data, source, self.now)
                self.settle()
            for side in (self.left, self.right):
                side.endpoint.expire(self.now)
                self.settle()
        if seconds is not None:
            self.now = end

    @property
    def idle(self) -> bool:
        """Whether nothing is left on either side."""
        return self.left.endpoint.idle and self.right.endpoint.idle and not self._on_the_way

    def inject(self, side: Side, data: bytes, source: Flow | None = None) -> None:
        """Let ``side`` receive this, from the other one unless ``source`` says otherwise."""
        other = self.right if side is self.left else self.left
        side.endpoint.receive(data, source or self.towards(other), self.now)
        self.settle()

    def _next(self) -> float | None:
        moments = [self.left.endpoint.deadline(), self.right.endpoint.deadline()]
        if self._on_the_way:
            moments.append(self._on_the_way[0][0])
        return min((moment for moment in moments if moment is not None), default=None)

    def _carry(self, side: Side, other: Side, transmit: Transmit) -> None:
        arrow = ">" if side is self.left else "<"
        self.transcript.append(f"{arrow} {_summary(transmit.data)}")
        if (transmit.destination.host, transmit.destination.port) != other.address:
            return
        source = Flow(self.transport, side.address.host, side.address.port)
        for delay in self.fate(transmit.data):
            self._sent += 1
            heappush(self._on_the_way, (self.now + delay, self._sent, other, transmit.data, source))


def _summary(data: bytes) -> str:
    words = data.split(b"\r\n", 1)[0].decode().split()
    if words[0] != "SIP/2.0":
        return words[0]
    method = next((line for line in data.decode().split("\r\n") if line.startswith("CSeq:")), "? ?")
    return f"{words[1]} {method.split()[-1]}"
