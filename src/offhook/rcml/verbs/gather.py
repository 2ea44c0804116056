"""<Gather>: play a prompt and collect keys."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from offhook.rcml.context import Context, Dialect, Prompt, Sound
from offhook.rcml.errors import Code, VerbFailed
from offhook.rcml.outcome import ON_THE_LINE, Goto, Method, Need, Next, Outcome
from offhook.rcml.schema import Between, Keys, Nest, Url, verb

DIGITS_LIMIT: Final = 256
"""Keys that one <Gather> takes at most, numDigits or not."""


class Input(StrEnum):
    """What is listened to."""

    DTMF = "dtmf"
    SPEECH = "speech"


@verb
class Gather:
    """Collect keys, and hand them to the application. The first key stops the prompt."""

    needs: ClassVar[frozenset[Need]] = ON_THE_LINE
    listens: ClassVar[bool] = True

    action: Url | None = None
    """Where the keys are sent; its answer is the next document. Without one the next verb runs."""
    method: Method = Method.POST
    """How the action is asked."""
    timeout: Annotated[int, Between(0, 3600)] = 5
    """Seconds to wait for the first key after the prompt, and for each further key."""
    finish_on_key: Keys = "#"
    """Keys that end the input and are not part of it; empty: none does."""
    start_input_key: Keys = "0123456789*#ABCD"
    """Keys that may come first; others are ignored until one of these was pressed."""
    num_digits: Annotated[int, Between(1, DIGITS_LIMIT)] = DIGITS_LIMIT
    """How many keys end the input."""
    input: frozenset[Input] = frozenset({Input.DTMF})
    """What is listened to."""
    barge_in: bool = True
    """Whether a key stops the prompt."""
    action_on_empty_result: bool = False
    """Whether the action is asked even when no key was pressed."""
    prompts: Annotated[tuple[Prompt, ...], Nest("Say", "Play", "Pause")] = ()
    """What the caller hears meanwhile."""

    @property
    def last(self) -> bool:
        """Another document follows in any case."""
        return self.action is not None and self.action_on_empty_result

    def advice(self) -> Iterator[str]:
        """What is odd about it."""
        if self.action is None:
            yield (
                "has no action: nobody gets the keys, or, in the TwiML dialect, this document is asked for again with them; "
                'add action="…"'
            )
        if self.num_digits == 1 and self.finish_on_key and set(self.finish_on_key) >= set(self.start_input_key):
            yield "takes no key that does not end it at once; shorten finishOnKey"

    async def run(self, ctx: Context) -> Outcome:
        if Input.SPEECH in self.input:
            ctx.notices.warning(Code.NO_SPEECH_INPUT, "<Gather input>: speech is not recognized here; only keys count")
        ctx.keys.flush()
        await self._prompt(ctx)
        digits, finished_on = await self._collect(ctx)
        if digits:
            ctx.transcript.heard("digits", digits)
        if not digits and not self.action_on_empty_result:
            return Next()
        action = self.action
        if action is None and ctx.dialect is Dialect.TWILIO and ctx.document_url is not None:
            action = ctx.document_url
        if action is None:
            return Next()
        finished = (("FinishedOnKey", finished_on),) if finished_on else ()
        return Goto(url=action, method=self.method, parameters=(("Digits", digits), *finished))

    async def _prompt(self, ctx: Context) -> None:
        """Play the prompts without a gap; they are made at the same time, each may fail by itself."""
        if not self.prompts:
            return
        async with asyncio.TaskGroup() as group:
            made = [group.create_task(_audio(prompt, ctx)) for prompt in self.prompts]
        stop_on = "".join({*self.finish_on_key, *self.start_input_key}) if self.barge_in else ""
        once: list[Sound] = []
        for prompt, task in zip(self.prompts, made, strict=True):
            sources = task.result()
            if prompt.loop == 0 and sources:
                if once:
                    await ctx.media.play(*once, *sources, stop_on=stop_on)
                await ctx.media.play(*sources, loop=0, stop_on=stop_on)
                return
            once.extend(sources * prompt.loop)
        if once:
            await ctx.media.play(*once, stop_on=stop_on)

    async def _collect(self, ctx: Context) -> tuple[str, str | None]:
        """The keys, and the one that finished them (which is no part of them)."""
        digits = ""
        deadline = ctx.pace.monotonic() + self.timeout
        while len(digits) < self.num_digits:
            key = await ctx.keys.next(max(0.0, deadline - ctx.pace.monotonic()))
            if key is None:
                break
            if key in self.finish_on_key:
                return digits, key
            if not digits and key not in self.start_input_key:
                continue
            digits += key
            deadline = ctx.pace.monotonic() + self.timeout
        return digits, None


async def _audio(prompt: Prompt, ctx: Context) -> tuple[Sound, ...]:
    try:
        return await prompt.audio(ctx)
    except VerbFailed as failure:
        ctx.notices.error(failure.code, f"inside <Gather>: {failure}")
        return ()
