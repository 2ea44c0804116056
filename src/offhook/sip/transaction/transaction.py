"""One transaction: it walks a table and does what the cells say (RFC 3261 §17)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, Protocol

from offhook.sip.flow import Flow, Transmit
from offhook.sip.message import Request, Response
from offhook.sip.timers import Timer, Timers
from offhook.sip.transaction.durations import Durations
from offhook.sip.transaction.size import SizeSwitch
from offhook.sip.transaction.table import STARTS, Cell, Do, Input, State, Table
from offhook.sip.transaction.ways_back import ways_back

_TCP_PATIENCE = 2
"""T1s that a request waits for anything from TCP before it leaves over UDP too; its branch tells the peer that it is one."""
_RESPONSE = b"SIP/2.0 "
_REPEATED = frozenset({Do.START_A, Do.START_E, Do.START_G})


Key = tuple[str, ...]


class User(Protocol):
    """Whoever a transaction works for."""

    def told(self, transaction: Transaction, message: Request | Response, now: float) -> None:
        """A message of this transaction arrived: a response of ours, or an ACK of theirs."""
        ...

    def timed_out(self, transaction: Transaction, now: float) -> None:
        """No final response came, or no ACK."""
        ...

    def unreachable(self, transaction: Transaction, now: float) -> None:
        """The transport failed."""
        ...


class _Nobody:
    """The user of a transaction whose user needs it no more."""

    __slots__ = ()

    def told(self, transaction: Transaction, message: Request | Response, now: float) -> None:
        """Nothing to add."""

    def timed_out(self, transaction: Transaction, now: float) -> None:
        """Nothing waits."""

    def unreachable(self, transaction: Transaction, now: float) -> None:
        """Nothing waits."""


_NOBODY = _Nobody()
_FORGOTTEN = Request.build(
    "OPTIONS",
    "sip:forgotten.invalid",
    [
        ("Via", "SIP/2.0/UDP forgotten.invalid"),
        ("From", "<sip:forgotten.invalid>;tag=0"),
        ("To", "<sip:forgotten.invalid>"),
        ("Call-ID", "0"),
        ("CSeq", "0 OPTIONS"),
    ],
)


class Surroundings:
    """What all transactions of an endpoint share: timers, durations, the list of messages to send."""

    __slots__ = ("durations", "sizes", "timers", "transmits")

    def __init__(self, timers: Timers, durations: Durations, sizes: SizeSwitch | None = None) -> None:
        self.timers = timers
        self.durations = durations
        self.sizes = sizes or SizeSwitch(0)
        self.transmits: list[Transmit] = []


class Fallback(NamedTuple):
    """How a request begins again over UDP."""

    start: Cell
    flow: Flow
    patience: Timer


class Transaction:
    """A client or server transaction, INVITE or not: ``table`` says which."""

    __slots__ = (
        "_around",
        "_fallback",
        "_interval",
        "_last",
        "_over",
        "_table",
        "_timers",
        "flow",
        "key",
        "make_ack",
        "merge_key",
        "request",
        "state",
        "user",
    )

    def __init__(
        self,
        table: Table,
        request: Request,
        flow: Flow,
        user: User,
        around: Surroundings,
        over: Callable[[Transaction], None],
    ) -> None:
        """``over`` is called once, when the transaction has terminated."""
        self.key: Key = ()
        """By which the layer finds it."""
        self.merge_key: Key | None = None
        """By which the layer recognizes the same request on another way."""
        self.request = request
        self.flow = flow
        self.user = user
        self.state = State.TERMINATED
        self.make_ack: Callable[[Response], bytes] | None = None
        """Builds the ACK for a failure; INVITE clients have one."""
        self._table = table
        self._around = around
        self._over = over
        self._fallback: Fallback | None = None
        """Of a request that took TCP for its size, until something is heard."""
        self._last: bytes | None = None
        self._interval: float | None = None
        self._timers: list[Timer] = []
        """Each with the input that it gives as its argument."""

    def begin(self, cell: Cell, now: float, message: Request | None = None, data: bytes | None = None) -> None:
        """Enter the table through its ``START``."""
        self._step(cell, now, message, data)

    def feed(
        self, what: Input, now: float, message: Request | Response | None = None, data: bytes | None = None
    ) -> None:
        """Take one input: ``message`` is what arrived, ``data`` what the user wants sent."""
        fallback, self._fallback = self._fallback, None
        if fallback is not None:
            fallback.patience.stop()
            if what is Input.TRANSPORT_ERROR:
                self._fall_back(fallback, now)
                return
        cell = self._table[self.state].get(what)
        if cell is not None:
            self._step(cell, now, message, data)

    def begin_large(self, start: Cell, datagrams: Flow, now: float) -> None:
        """Enter the table over TCP; where that is refused, or leads to nothing for a while, once more over UDP."""
        wait = now + _TCP_PATIENCE * self._around.durations.t1
        patience = self._around.timers.start(wait, self.feed, Input.TRANSPORT_ERROR)
        self._fallback = Fallback(start, datagrams, patience)
        self._step(start, now, None, bytes(self.request))

    def _fall_back(self, fallback: Fallback, now: float) -> None:
        self._around.sizes.refused(fallback.flow, now)
        for timer in self._timers:
            timer.stop()
        self._timers.clear()
        self.flow = fallback.flow
        self.request.replace_top_via(replace(self.request.via, transport="UDP"))
        self._step(fallback.start, now, None, bytes(self.request))

    def accepts(self, what: Input) -> bool:
        """Whether the present state has a cell for ``what``."""
        return what in self._table[self.state]

    def end(self) -> None:
        """Terminate at once: its user answered without it."""
        if self._fallback is not None:
            self._fallback.patience.stop()
            self._fallback = None
        self._enter(State.TERMINATED)
        self._over(self)

    @property
    def answered(self) -> bool:
        """Whether this is a server transaction that has sent its final response."""
        row = self._table[self.state]
        return Input.FAILURE not in row and (Input.REQUEST in row or Input.TIMER_I in row)

    def retire(self) -> None:
        """Forget the user and the request of a server transaction that has sent its final response: for the half minute in
        which it absorbs what comes again it needs neither, and there may be thousands.
        """
        self.user = _NOBODY
        self.request = _FORGOTTEN

    def _step(self, cell: Cell, now: float, message: Request | Response | None, data: bytes | None) -> None:
        state, actions = cell
        if state is not self.state:
            self._enter(state)
        for do in actions:
            if do is Do.SEND:
                self._last = data
                self._send(data)
            elif do is Do.RESEND:
                self._send(self._last)
            elif do is Do.TELL:
                if message is not None:
                    self.user.told(self, message, now)
            elif do is Do.SEND_ACK:
                self._acknowledge(message)
            elif do is Do.TELL_TIMEOUT:
                self.user.timed_out(self, now)
            elif do is Do.TELL_TRANSPORT_ERROR:
                self.user.unreachable(self, now)
            elif do is Do.STOP_A:
                self._stop(Input.TIMER_A)
            else:
                self._start(do, now)
        if state is State.TERMINATED:
            self._over(self)

    def _enter(self, state: State) -> None:
        self.state = state
        if self._timers:
            row = self._table[state]
            for timer in [timer for timer in self._timers if timer.argument not in row]:
                timer.stop()
                self._timers.remove(timer)

    def _stop(self, what: Input) -> None:
        for timer in [timer for timer in self._timers if timer.argument is what]:
            timer.stop()
            self._timers.remove(timer)

    def _send(self, data: bytes | None) -> None:
        if data is None:
            return
        ways: tuple[Flow, ...] = ()
        if self.flow.transport.stream and data.startswith(_RESPONSE) and self.request is not _FORGOTTEN:
            ways = ways_back(self.request.via, self.flow)
        self._around.transmits.append(Transmit(data=data, destination=self.flow, otherwise=ways))

    def _acknowledge(self, message: Request | Response | None) -> None:
        if self.make_ack is not None and isinstance(message, Response):
            self._send(self.make_ack(message))

    def _start(self, do: Do, now: float) -> None:
        reliable = self.flow.transport.reliable
        durations = self._around.durations
        if do in _REPEATED:
            if reliable:
                return
            proceeding = self.state is State.PROCEEDING
            self._interval = seconds = durations.again(do, self._interval, proceeding=proceeding)
        else:
            seconds = durations.once(do, reliable=reliable)
        self._timers.append(self._around.timers.start(now + seconds, self._fired, STARTS[do]))

    def _fired(self, what: Input, now: float) -> None:
        self._timers = [timer for timer in self._timers if timer.argument is not what]
        self.feed(what, now)
