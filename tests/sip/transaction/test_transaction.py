"""Every cell of the four tables is walked, and what the transaction does is compared with what the cell says."""

from __future__ import annotations

import pytest

from offhook.sip.flow import Flow, Transport
from offhook.sip.message import Request, Response
from offhook.sip.settings import SipSettings
from offhook.sip.timers import Timers
from offhook.sip.transaction import client, invite_client, invite_server, server
from offhook.sip.transaction.durations import Durations
from offhook.sip.transaction.table import STARTS, Do, Input, State, Table
from offhook.sip.transaction.transaction import Surroundings, Transaction

DIAGRAMS = {"INVITE client": invite_client, "INVITE server": invite_server, "client": client, "server": server}
CELLS = [
    pytest.param(diagram.TABLE, state, what, id=f"{name}: {what.value} in {state.value}")
    for name, diagram in DIAGRAMS.items()
    for state, row in diagram.TABLE.items()
    for what in row
]
UNRELIABLE_ONLY = {Do.START_A, Do.START_E, Do.START_G}


def request() -> Request:
    fields = [
        ("Via", "SIP/2.0/UDP a;branch=z9hG4bKx"),
        ("From", "<sip:a@a>;tag=1"),
        ("To", "<sip:b@b>"),
        ("Call-ID", "c"),
        ("CSeq", "1 INVITE"),
    ]
    return Request.build("INVITE", "sip:b@b", fields)


class Recorder:
    """A transaction user that remembers."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def told(self, transaction: Transaction, message: Request | Response, now: float) -> None:
        self.log.append("told")

    def timed_out(self, transaction: Transaction, now: float) -> None:
        self.log.append("timed out")

    def unreachable(self, transaction: Transaction, now: float) -> None:
        self.log.append("unreachable")


class Bench:
    """One transaction put into a state."""

    def __init__(self, table: Table, state: State, transport: Transport = Transport.UDP) -> None:
        self.timers = Timers()
        self.around = Surroundings(self.timers, Durations(SipSettings()))
        self.user = Recorder()
        self.over = 0
        self.transaction = Transaction(table, request(), Flow(transport, "b", 5060), self.user, self.around, self._over)
        self.transaction.make_ack = lambda _response: b"ACK"
        self.transaction.begin((state, (Do.SEND,)), 0.0, data=b"before")
        self.around.transmits.clear()

    def _over(self, _: Transaction) -> None:
        self.over += 1

    def feed(self, what: Input, now: float = 0.0) -> None:
        response = request().response(486 if what is Input.FAILURE else 200, to_tag="t")
        self.transaction.feed(what, now, response, b"new")

    @property
    def sent(self) -> list[bytes]:
        return [transmit.data for transmit in self.around.transmits]


@pytest.mark.parametrize(("table", "state", "what"), CELLS)
@pytest.mark.parametrize("transport", list(Transport))
def test_every_cell_leads_where_it_says_and_does_what_it_says(
    table: Table, state: State, what: Input, transport: Transport
) -> None:
    bench = Bench(table, state, transport)
    bench.feed(what)
    following, actions = table[state][what]
    assert bench.transaction.state is following
    says = {Do.SEND: b"new", Do.RESEND: b"before", Do.SEND_ACK: b"ACK"}
    assert bench.sent == [says[do] for do in actions if do in says]
    tells = {Do.TELL: "told", Do.TELL_TIMEOUT: "timed out", Do.TELL_TRANSPORT_ERROR: "unreachable"}
    assert bench.user.log == [tells[do] for do in actions if do in tells]
    started = [do for do in actions if do in STARTS and not (transport.reliable and do in UNRELIABLE_ONLY)]
    assert len(bench.timers) == len(started)
    assert bench.over == (following is State.TERMINATED)


@pytest.mark.parametrize(("table", "state", "what"), CELLS)
def test_what_a_state_has_no_cell_for_changes_nothing(table: Table, state: State, what: Input) -> None:
    for absent in [one for one in Input if one not in table[state]]:
        bench = Bench(table, state)
        bench.feed(absent)
        assert (bench.transaction.state, bench.sent, bench.user.log, bench.over) == (state, [], [], 0)


@pytest.mark.parametrize("name", DIAGRAMS)
def test_every_timer_that_is_started_is_heard_in_the_state_it_is_started_for(name: str) -> None:
    diagram = DIAGRAMS[name]
    cells = [diagram.START, *(cell for row in diagram.TABLE.values() for cell in row.values())]
    for state, actions in cells:
        for do in actions:
            if do in STARTS:
                assert STARTS[do] in diagram.TABLE[state]


@pytest.mark.parametrize("name", DIAGRAMS)
def test_every_state_can_be_reached_and_left(name: str) -> None:
    diagram = DIAGRAMS[name]
    reached = {diagram.START[0]}
    for _ in State:
        reached |= {cell[0] for state in reached for cell in diagram.TABLE[state].values()}
    assert reached == set(diagram.TABLE)
    assert all(diagram.TABLE[state] for state in reached - {State.TERMINATED})


def walk(table: Table, start: tuple[State, tuple[Do, ...]], until: float) -> list[float]:
    """When a transaction that hears nothing sends."""
    bench = Bench(table, State.TERMINATED)
    bench.transaction.begin(start, 0.0, data=b"x")
    times = [0.0] * len(bench.sent)
    bench.around.transmits.clear()
    while (moment := bench.timers.deadline()) is not None and moment <= until:
        bench.timers.expire(moment)
        times += [moment] * len(bench.sent)
        bench.around.transmits.clear()
    return times


def test_an_invite_is_retransmitted_at_doubling_intervals() -> None:
    assert walk(invite_client.TABLE, invite_client.START, 100) == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]


def test_other_requests_are_retransmitted_at_intervals_up_to_t2() -> None:
    assert walk(client.TABLE, client.START, 100) == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]


def test_a_refusal_is_retransmitted_at_intervals_up_to_t2_until_timer_h() -> None:
    cell = invite_server.TABLE[State.PROCEEDING][Input.FAILURE]
    assert walk(invite_server.TABLE, cell, 100) == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
