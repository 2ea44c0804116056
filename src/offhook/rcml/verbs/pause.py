"""<Pause>: wait. A ringing call goes on ringing."""

from __future__ import annotations

from typing import Annotated, ClassVar

from offhook.media.commands import AudioSource, Silence
from offhook.rcml.context import Context
from offhook.rcml.outcome import BEFORE_ANSWER, Need, Next, Outcome
from offhook.rcml.schema import Between, verb


@verb
class Pause:
    """Wait; as the first verb, before the call is answered."""

    needs: ClassVar[frozenset[Need]] = BEFORE_ANSWER
    listens: ClassVar[bool] = True

    length: Annotated[int, Between(0, 3600)] = 1
    """Seconds."""

    @property
    def loop(self) -> int:
        """A pause in a prompt is heard once."""
        return 1

    async def run(self, ctx: Context) -> Outcome:
        ctx.transcript.heard("pause", f"{self.length} s")
        if ctx.call.answered:
            await ctx.media.play(*await self.audio(ctx))
        else:
            await ctx.pace.sleep(self.length)
        return Next()

    async def audio(self, ctx: Context) -> tuple[AudioSource, ...]:
        """Silence."""
        return (Silence(duration=self.length * 1000),) if self.length else ()
