"""<Hangup>: end the call."""

from __future__ import annotations

from typing import ClassVar

from offhook.rcml.context import Context
from offhook.rcml.outcome import Need, Outcome, Stop
from offhook.rcml.schema import verb


@verb
class Hangup:
    """End the call. As the first verb it answers before it hangs up; <Reject> does not."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.LIVE, Need.ANSWERED})
    last: ClassVar[bool] = True

    async def run(self, ctx: Context) -> Outcome:
        return Stop(reason="the application hung up")
