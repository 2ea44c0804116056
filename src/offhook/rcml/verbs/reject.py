"""<Reject>: refuse a call before it is answered."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from offhook.rcml.context import Context
from offhook.rcml.outcome import BEFORE_ANSWER, Need, Outcome, Stop
from offhook.rcml.schema import verb


class Reason(StrEnum):
    """What the caller is told."""

    REJECTED = "rejected"
    BUSY = "busy"


@verb
class Reject:
    """Refuse the call; an answered one is hung up. What follows is never reached."""

    needs: ClassVar[frozenset[Need]] = BEFORE_ANSWER
    last: ClassVar[bool] = True
    refuses: ClassVar[bool] = True

    reason: Reason = Reason.REJECTED
    """``rejected`` is SIP 603, ``busy`` SIP 486."""

    async def run(self, ctx: Context) -> Outcome:
        if not ctx.call.answered:
            if self.reason is Reason.BUSY:
                await ctx.call.refuse(486, "Busy Here")
            else:
                await ctx.call.refuse(603, "Decline")
        return Stop(reason=f"the application rejected the call ({self.reason})")
