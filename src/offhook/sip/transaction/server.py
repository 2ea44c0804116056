"""Non-INVITE server transaction: RFC 3261 §17.2.2, figure 8. It sends no 100 (RFC 4320)."""

from __future__ import annotations

from offhook.sip.transaction.table import Cell, Do, Input, State, Table

START: Cell = (State.TRYING, (Do.TELL,))

TABLE: Table = {
    State.TRYING: {
        Input.REQUEST: (State.TRYING, ()),
        Input.PROVISIONAL: (State.PROCEEDING, (Do.SEND,)),
        Input.SUCCESS: (State.COMPLETED, (Do.SEND, Do.START_J)),
        Input.FAILURE: (State.COMPLETED, (Do.SEND, Do.START_J)),
    },
    State.PROCEEDING: {
        Input.REQUEST: (State.PROCEEDING, (Do.RESEND,)),
        Input.PROVISIONAL: (State.PROCEEDING, (Do.SEND,)),
        Input.SUCCESS: (State.COMPLETED, (Do.SEND, Do.START_J)),
        Input.FAILURE: (State.COMPLETED, (Do.SEND, Do.START_J)),
        Input.TRANSPORT_ERROR: (State.TERMINATED, (Do.TELL_TRANSPORT_ERROR,)),
    },
    State.COMPLETED: {
        Input.REQUEST: (State.COMPLETED, (Do.RESEND,)),
        Input.TRANSPORT_ERROR: (State.TERMINATED, (Do.TELL_TRANSPORT_ERROR,)),
        Input.TIMER_J: (State.TERMINATED, ()),
    },
    State.TERMINATED: {},
}
