"""<Say>: speak text to the caller."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final

from offhook.media.commands import AudioSource
from offhook.rcml.context import Context
from offhook.rcml.outcome import ON_THE_LINE, Need, Next, Outcome
from offhook.rcml.schema import Between, Matching, Text, verb

_LANGUAGES: Final = {"bf": "fr-BE", "bp": "pt-BR", "cf": "fr-CA"}
"""Two-letter names of our own field that are no BCP 47 tags."""

VoiceName = Annotated[str, Matching(r"[\w.:+-]{1,64}", "the name of a voice, such as man or woman")]
LanguageTag = Annotated[
    str, Matching(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8}){0,4}", "a language tag, such as en or fr-CA")
]


@verb
class Say:
    """Speak text to the caller."""

    needs: ClassVar[frozenset[Need]] = ON_THE_LINE

    text: Text = ""
    """What to say."""
    voice: VoiceName = "man"
    """``man``, ``woman`` or the name of a voice of the configured speech engine."""
    language: LanguageTag = "en"
    """Language of the text."""
    loop: Annotated[int, Between(0, 1000)] = 1
    """How many times; 0 repeats until the call ends."""

    @property
    def last(self) -> bool:
        """Without end nothing follows."""
        return self.loop == 0 and bool(self.text)

    def advice(self) -> Iterator[str]:
        """What is odd about it."""
        if not self.text:
            yield "has no text and says nothing; write the text between its tags"

    async def run(self, ctx: Context) -> Outcome:
        if self.text:
            await ctx.media.play(*await self.audio(ctx), loop=self.loop)
        return Next()

    async def audio(self, ctx: Context) -> tuple[AudioSource, ...]:
        """The spoken text, once."""
        if not self.text:
            return ()
        language = _LANGUAGES.get(self.language.lower(), self.language)
        speech = await ctx.speech.say(self.text, language=language, voice=self.voice)
        ctx.transcript.heard("say", self.text)
        return (speech,)
