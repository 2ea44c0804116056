"""<Echo>: let the caller hear himself."""

from __future__ import annotations

from typing import ClassVar

from offhook.rcml.context import Context
from offhook.rcml.outcome import ON_THE_LINE, Need, Next, Outcome
from offhook.rcml.schema import verb


@verb
class Echo:
    """Send back what the caller says, until the call ends or is redirected."""

    needs: ClassVar[frozenset[Need]] = ON_THE_LINE
    last: ClassVar[bool] = True
    listens: ClassVar[bool] = True

    async def run(self, ctx: Context) -> Outcome:
        ctx.transcript.heard("echo", "")
        await ctx.media.echo()
        return Next()
