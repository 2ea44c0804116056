"""<Play>: play a sound file, or send keys, to the caller."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from offhook.rcml.context import Context, Sound
from offhook.rcml.download import Download
from offhook.rcml.outcome import ON_THE_LINE, Need, Next, Outcome
from offhook.rcml.schema import Address, Between, Content, Matching, verb
from offhook.rcml.urls import without_credentials

LEAST_ROUND = 1.0
"""Seconds between two requests for what is repeated."""


@verb
class Play:
    """Play a sound file to the caller."""

    needs: ClassVar[frozenset[Need]] = ON_THE_LINE

    url: Annotated[str, Content(), Address()] = ""
    """URL of a sound file: WAV, MP3, Ogg (Opus or Vorbis) or FLAC, at any sample rate, mono or stereo."""
    loop: Annotated[int, Between(0, 1000)] = 1
    """How many times; 0 repeats until the call ends."""
    digits: Annotated[str, Matching(r"[0-9*#A-DwW]{0,64}", "keys to send (0-9 * # A-D, w and W to wait)")] = ""
    """Keys to send before the file; ``w`` waits half a second, ``W`` a second."""

    @property
    def last(self) -> bool:
        """Without end nothing follows."""
        return self.loop == 0 and bool(self.url)

    def advice(self) -> Iterator[str]:
        """What is odd about it."""
        if not self.url and not self.digits:
            yield "has no URL and plays nothing; write the URL of a sound file as its text"

    async def run(self, ctx: Context) -> Outcome:
        if self.digits:
            await ctx.media.send_digits(self.digits)
        left, sound = self.loop, await self.audio(ctx)
        # What is still on its way is heard once, and asked for again: by then it may be here, or be another song.
        while any(isinstance(each, Download) for each in sound) and left != 1:
            began = ctx.pace.monotonic()
            await ctx.media.play(*sound)
            await ctx.pace.sleep(max(0.0, began + LEAST_ROUND - ctx.pace.monotonic()))
            left, sound = max(0, left - 1), (await ctx.audio.fetch(self.url),)
        if sound:
            await ctx.media.play(*sound, loop=left)
        return Next()

    async def audio(self, ctx: Context) -> tuple[Sound, ...]:
        """The file, once."""
        if not self.url:
            return ()
        file = await ctx.audio.fetch(self.url)
        ctx.transcript.heard("play", without_credentials(self.url))
        return (file,)
