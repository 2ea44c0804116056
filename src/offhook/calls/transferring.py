"""A transfer under way, as the calls know it that it has in hand.

Such a call outlives the one that it talked to; when the transfer lets go of it, it goes on with the script that runs it, or
is hung up when there is none and nobody is left to talk to. A recording of its conversation waits meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass

from offhook.calls.active import ActiveCall
from offhook.calls.call import Input
from offhook.calls.tape import Tape


@dataclass(slots=True, kw_only=True, eq=False)
class Transfer:
    """Calls know it as their ``transfer`` while it has them in hand."""

    other: ActiveCall
    """Who is transferred."""
    before: object | None
    """The transfer that had ``other`` in hand: one that succeeded, and goes on when this one does not."""
    connected: bool = False
    over: bool = False
    _tape: Tape | None = None

    @classmethod
    def of(cls, other: ActiveCall) -> Transfer:
        """A transfer that takes ``other`` in hand."""
        transfer = cls(other=other, before=other.transfer)
        other.transfer = transfer
        return transfer

    def keep(self, tape: Tape) -> None:
        """Take a recording whose conversation ended for this transfer. It has room for one; a second one ends."""
        if self._tape is None:
            self._tape = tape
        else:
            tape.close()

    def take_tape(self) -> Tape | None:
        """The recording that goes on, handed over."""
        tape, self._tape = self._tape, None
        return tape

    def end(self, *calls: ActiveCall) -> None:
        """It is over, whatever came of it: let go of ``calls``, and of a recording that nobody goes on with."""
        self.over = True
        for call in calls:
            self.release(call)
        if (tape := self.take_tape()) is not None:
            tape.close()

    def release(self, call: ActiveCall) -> None:
        """Let go of ``call``, unless a later transfer has it by now."""
        if call.transfer is not self:
            return
        before = self.before if call is self.other else None
        call.transfer = before if isinstance(before, Transfer) and not before.over else None
        call.changed()
        if call.partner is None and not call.independent:
            call.drop(Input.HANG_UP if call.answered else Input.CANCEL)


def under_way(call: ActiveCall) -> Transfer | None:
    """The transfer of ``call`` that has not come to its end yet."""
    transfer = call.transfer
    return transfer if isinstance(transfer, Transfer) and not (transfer.connected or transfer.over) else None
