"""INVITE server transaction: RFC 3261 §17.2.1, figure 7, with RFC 6026 §7.1 (figure 7 there).

The retransmission of a 2xx belongs to the dialog (§13.3.1.4), not to this diagram.
"""

from __future__ import annotations

from offhook.sip.transaction.table import Cell, Do, Input, State, Table

START: Cell = (State.PROCEEDING, (Do.SEND, Do.TELL))
"""What is sent is 100 Trying, at once rather than after 200 ms: the transaction user waits for an application."""

TABLE: Table = {
    State.PROCEEDING: {
        Input.REQUEST: (State.PROCEEDING, (Do.RESEND,)),
        Input.PROVISIONAL: (State.PROCEEDING, (Do.SEND,)),
        Input.SUCCESS: (State.ACCEPTED, (Do.SEND, Do.START_L)),  # RFC 6026: not Terminated
        Input.FAILURE: (State.COMPLETED, (Do.SEND, Do.START_G, Do.START_H)),
        Input.TRANSPORT_ERROR: (State.PROCEEDING, (Do.TELL_TRANSPORT_ERROR,)),  # RFC 6026: stays
    },
    State.ACCEPTED: {  # RFC 6026: absorbs retransmitted INVITEs, passes 2xx down and ACK up
        Input.REQUEST: (State.ACCEPTED, ()),
        Input.SUCCESS: (State.ACCEPTED, (Do.SEND,)),
        Input.ACK: (State.ACCEPTED, (Do.TELL,)),
        Input.TRANSPORT_ERROR: (State.ACCEPTED, (Do.TELL_TRANSPORT_ERROR,)),
        Input.TIMER_L: (State.TERMINATED, ()),
    },
    State.COMPLETED: {
        Input.REQUEST: (State.COMPLETED, (Do.RESEND,)),
        Input.ACK: (State.CONFIRMED, (Do.START_I,)),
        Input.TIMER_G: (State.COMPLETED, (Do.RESEND, Do.START_G)),
        Input.TIMER_H: (State.TERMINATED, (Do.TELL_TIMEOUT,)),
        Input.TRANSPORT_ERROR: (State.COMPLETED, (Do.TELL_TRANSPORT_ERROR,)),  # RFC 6026: stays
    },
    State.CONFIRMED: {
        Input.TIMER_I: (State.TERMINATED, ()),
    },
    State.TERMINATED: {},
}
