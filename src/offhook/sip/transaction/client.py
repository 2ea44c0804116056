"""Non-INVITE client transaction: RFC 3261 §17.1.2, figure 6."""

from __future__ import annotations

from offhook.sip.transaction.table import Cell, Do, Input, State, Table

START: Cell = (State.TRYING, (Do.SEND, Do.START_E, Do.START_F))

TABLE: Table = {
    State.TRYING: {
        Input.TIMER_E: (State.TRYING, (Do.RESEND, Do.START_E)),
        Input.TIMER_F: (State.TERMINATED, (Do.TELL_TIMEOUT,)),
        Input.TRANSPORT_ERROR: (State.TERMINATED, (Do.TELL_TRANSPORT_ERROR,)),
        Input.ABANDONED: (State.TERMINATED, (Do.TELL_TIMEOUT,)),  # another server is asked (RFC 3263 §4.3)
        Input.PROVISIONAL: (State.PROCEEDING, (Do.TELL,)),
        Input.SUCCESS: (State.COMPLETED, (Do.START_K, Do.TELL)),
        Input.FAILURE: (State.COMPLETED, (Do.START_K, Do.TELL)),
    },
    State.PROCEEDING: {
        Input.TIMER_E: (State.PROCEEDING, (Do.RESEND, Do.START_E)),
        Input.TIMER_F: (State.TERMINATED, (Do.TELL_TIMEOUT,)),
        Input.TRANSPORT_ERROR: (State.TERMINATED, (Do.TELL_TRANSPORT_ERROR,)),
        Input.ABANDONED: (State.TERMINATED, (Do.TELL_TIMEOUT,)),  # another server is asked (RFC 3263 §4.3)
        Input.PROVISIONAL: (State.PROCEEDING, (Do.TELL,)),
        Input.SUCCESS: (State.COMPLETED, (Do.START_K, Do.TELL)),
        Input.FAILURE: (State.COMPLETED, (Do.START_K, Do.TELL)),
    },
    State.COMPLETED: {
        Input.TIMER_K: (State.TERMINATED, ()),
    },
    State.TERMINATED: {},
}
