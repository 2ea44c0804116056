"""What the four transaction diagrams of RFC 3261 §17 share: actions, timers and the shape of a table.

A table is ``TABLE[state][input] = (next state, actions)``. An input without a cell has no effect in that state: a timer
that was left running, or a message that the transaction absorbs.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto


class Do(Enum):
    """One action of a transition. ``START_x`` arms Timer x; a timer stops when the transaction ends."""

    SEND = auto()
    """Send the message that came with the input, and keep it."""
    RESEND = auto()
    """Send what was sent last, if anything was."""
    SEND_ACK = auto()
    """ACK a failure response within the transaction (§17.1.1.3)."""
    TELL = auto()
    """Hand the message that came in to the transaction user."""
    TELL_TIMEOUT = auto()
    TELL_TRANSPORT_ERROR = auto()
    STOP_A = auto()
    """Retransmit no more."""
    START_A = auto()
    START_B = auto()
    START_D = auto()
    START_E = auto()
    START_F = auto()
    START_G = auto()
    START_H = auto()
    START_I = auto()
    START_J = auto()
    START_K = auto()
    START_L = auto()
    START_M = auto()


class State(Enum):
    """States of all four diagrams."""

    CALLING = "Calling"
    TRYING = "Trying"
    PROCEEDING = "Proceeding"
    ACCEPTED = "Accepted"
    COMPLETED = "Completed"
    CONFIRMED = "Confirmed"
    TERMINATED = "Terminated"


class Input(Enum):
    """Inputs of all four diagrams; ``TIMER_x`` is Timer x firing."""

    REQUEST = "request"
    """The request came (again)."""
    ACK = "ACK"
    PROVISIONAL = "1xx"
    SUCCESS = "2xx"
    FAILURE = "300-699"
    ABANDONED = "abandoned"
    """The transaction user no longer waits."""
    LEFT = "left"
    """The transaction user tries another server: a response may still come, and must be dealt with."""
    TRANSPORT_ERROR = "transport error"
    TIMER_A = "Timer A"
    TIMER_B = "Timer B"
    TIMER_D = "Timer D"
    TIMER_E = "Timer E"
    TIMER_F = "Timer F"
    TIMER_G = "Timer G"
    TIMER_H = "Timer H"
    TIMER_I = "Timer I"
    TIMER_J = "Timer J"
    TIMER_K = "Timer K"
    TIMER_L = "Timer L"
    TIMER_M = "Timer M"


Cell = tuple[State, tuple[Do, ...]]
Table = Mapping[State, Mapping[Input, Cell]]

STARTS: dict[Do, Input] = {do: Input[f"TIMER_{do.name[-1]}"] for do in Do if do.name.startswith("START_")}
"""Which input a timer gives when it fires."""
