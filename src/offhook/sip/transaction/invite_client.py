"""INVITE client transaction: RFC 3261 §17.1.1, figure 5, with RFC 6026 §7.2 (figure 5 there)."""

from __future__ import annotations

from offhook.sip.transaction.table import Cell, Do, Input, State, Table

START: Cell = (State.CALLING, (Do.SEND, Do.START_A, Do.START_B))

TABLE: Table = {
    State.CALLING: {
        Input.TIMER_A: (State.CALLING, (Do.RESEND, Do.START_A)),
        Input.TIMER_B: (State.TERMINATED, (Do.TELL_TIMEOUT,)),
        Input.TRANSPORT_ERROR: (State.TERMINATED, (Do.TELL_TRANSPORT_ERROR,)),
        Input.LEFT: (State.CALLING, (Do.STOP_A,)),  # RFC 3263 §4.3
        Input.PROVISIONAL: (State.PROCEEDING, (Do.TELL,)),
        Input.SUCCESS: (State.ACCEPTED, (Do.START_M, Do.TELL)),  # RFC 6026: not Terminated
        Input.FAILURE: (State.COMPLETED, (Do.SEND_ACK, Do.START_D, Do.TELL)),
    },
    State.PROCEEDING: {
        Input.PROVISIONAL: (State.PROCEEDING, (Do.TELL,)),
        Input.SUCCESS: (State.ACCEPTED, (Do.START_M, Do.TELL)),  # RFC 6026: not Terminated
        Input.FAILURE: (State.COMPLETED, (Do.SEND_ACK, Do.START_D, Do.TELL)),
        Input.ABANDONED: (State.TERMINATED, (Do.TELL_TIMEOUT,)),  # §9.1: no final response 64*T1 after CANCEL
    },
    State.ACCEPTED: {  # RFC 6026: every 2xx, of whatever branch of a fork, reaches the transaction user
        Input.SUCCESS: (State.ACCEPTED, (Do.TELL,)),
        Input.TIMER_M: (State.TERMINATED, ()),
    },
    State.COMPLETED: {
        Input.FAILURE: (State.COMPLETED, (Do.SEND_ACK,)),
        Input.TIMER_D: (State.TERMINATED, ()),
        Input.TRANSPORT_ERROR: (State.TERMINATED, (Do.TELL_TRANSPORT_ERROR,)),
    },
    State.TERMINATED: {},
}
