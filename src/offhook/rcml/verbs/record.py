"""<Record>: record the caller."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, ClassVar

from offhook.rcml.context import Capture, Captured, Context, Dialect
from offhook.rcml.outcome import ON_THE_LINE, Goto, Method, Need, Next, Outcome, Parameters
from offhook.rcml.schema import Between, Matching, Url, verb

NO_KEY = "-1"
"""What switches the finish key off in documents of old."""


class Trim(StrEnum):
    """What is done with silence at both ends."""

    TRIM = "trim-silence"
    KEEP = "do-not-trim"


@verb
class Record:
    """Record the caller, and hand the recording's URL to the application."""

    needs: ClassVar[frozenset[Need]] = ON_THE_LINE
    listens: ClassVar[bool] = True

    action: Url | None = None
    """Where the recording is announced, also when the caller hung up; its answer is the next document."""
    method: Method = Method.POST
    """How the action is asked."""
    timeout: Annotated[int, Between(0, 3600)] = 5
    """Seconds of silence that end the recording; 0: none do."""
    finish_on_key: Annotated[str, Matching(r"-1|[0-9*#A-D]{0,32}", "telephone keys, or -1 for none")] = "1234567890*#"
    """Keys that end the recording; empty or ``-1``: none does."""
    max_length: Annotated[int, Between(1, 14_400)] = 3600
    """Seconds."""
    play_beep: bool = True
    """Whether a beep tells the caller to start."""
    trim: Trim = Trim.KEEP
    """Whether silence at both ends is cut."""

    @property
    def last(self) -> bool:
        """Another document follows."""
        return self.action is not None

    def advice(self) -> Iterator[str]:
        """What is odd about it."""
        if self.action is None:
            yield (
                "has no action: nobody is told where the recording is, and in the TwiML dialect this document is asked for again; "
                'add action="…"'
            )

    async def run(self, ctx: Context) -> Outcome:
        ctx.keys.flush()
        ctx.transcript.heard("record", "")
        captured = await ctx.recorder.record(
            Capture(
                max_length=self.max_length * 1000,
                silence=self.timeout * 1000,
                finish_on="" if self.finish_on_key == NO_KEY else self.finish_on_key,
                beep=self.play_beep,
                trim=self.trim is Trim.TRIM,
            )
        )
        ctx.keys.flush()
        return self._outcome(ctx, captured)

    async def after_hangup(self, ctx: Context) -> Outcome:
        """The application learns of what was recorded until the caller hung up."""
        captured = ctx.recorder.last
        return Next() if captured is None else self._outcome(ctx, captured)

    def _outcome(self, ctx: Context, captured: Captured) -> Outcome:
        action = self.action
        if action is None and ctx.dialect is Dialect.TWILIO and ctx.document_url is not None:
            action = ctx.document_url
        if action is None:
            return Next()
        return Goto(url=action, method=self.method, parameters=_parameters(ctx, captured))


def _parameters(ctx: Context, captured: Captured) -> Parameters:
    digits = "hangup" if captured.hung_up else captured.key or ""
    if captured.sid is None:
        return (("RecordingDuration", "0"), ("Digits", digits))
    if ctx.dialect is Dialect.TWILIO:
        public: Parameters = ()
        duration = str(round(captured.duration / 1000))
    else:
        public = (("PublicRecordingUrl", captured.url),)
        duration = f"{captured.duration / 1000:.3f}".rstrip("0").rstrip(".")
    return (
        ("RecordingUrl", captured.url),
        *public,
        ("RecordingSid", captured.sid),
        ("RecordingDuration", duration),
        ("Digits", digits),
    )
