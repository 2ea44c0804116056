"""What a caller hears while he waits, over and over, and what a conference hears announced: sound files or documents.

Of a document, sounds are made once and repeated; <Redirect> leads on to another. Failures are told to the author and
leave silence behind: nobody is thrown out of a conference because its music is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from offhook.calls.conferences.entry import NotHeard
from offhook.media.commands import AudioSource
from offhook.rcml.context import AudioLibrary, Context, Prompt, Sound, Verb
from offhook.rcml.download import Download
from offhook.rcml.errors import Code, RcmlError, VerbFailed
from offhook.rcml.fetch import Documents
from offhook.rcml.interpreter import Page
from offhook.rcml.outcome import Goto, Method
from offhook.rcml.verbs.redirect import Redirect

REPETITIONS = 10
"""How often an announcement repeats a piece at most, whatever its ``loop``."""
PATIENCE = 1.0
"""Seconds of silence after a document that took less, lest it be asked for or heard in a circle without rest."""


class DocumentLibrary:
    """The audio port: what the running document names, relative to it."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def fetch(self, url: str) -> Sound:
        """Raises ``VerbFailed``."""
        return await self._documents.sound(url)


class WaitingRoom:
    """The port through which verbs let a caller wait. ``documents`` makes a source of documents of its own."""

    def __init__(self, documents: Callable[[], Documents]) -> None:
        self._documents = documents

    async def wait(self, ctx: Context, url: str, method: str) -> None:
        """Let the caller of ``ctx`` hear what is at ``url``; ends when it cannot be heard."""
        documents = self._documents()
        goto: Goto | None = Goto(url=url, method=Method(method))
        base: str | None = None
        try:
            while goto is not None:
                page = await documents.follow(goto, base, live=False)
                goto, base = await self._hear(_at(ctx, documents, page), page), page.url
        except VerbFailed as failure:
            ctx.notices.error(failure.code, f"<Conference waitUrl>: {failure}")
        except RcmlError:
            return  # told to the author where it arose
        finally:
            documents.close()

    async def sounds(self, ctx: Context, url: str, method: str) -> Sequence[AudioSource]:
        """What is at ``url``, once, for an announcement. Raises ``NotHeard``."""
        documents = self._documents()
        sources: list[AudioSource] = []
        try:
            page = await documents.follow(Goto(url=url, method=Method(method)), None, live=False)
            pieces, _ = await self._pieces(_at(ctx, documents, page), page.verbs)
            for heard, loop in pieces:
                whole = [await each.whole() if isinstance(each, Download) else each for each in heard]
                sources.extend(whole * min(loop or 1, REPETITIONS))
        except RcmlError as failure:
            raise NotHeard(str(failure)) from failure
        finally:
            documents.close()
        if not sources:
            raise NotHeard(f"{url} has nothing to be heard: it needs a sound file, or a document with Say or Play")
        return sources

    async def _hear(self, ctx: Context, page: Page) -> Goto | None:
        """Let the document be heard; what it leads on to, or None when it is heard for ever or not at all."""
        pieces, redirect = await self._pieces(ctx, page.verbs)
        while pieces or redirect is not None:
            began = ctx.pace.monotonic()
            for sources, loop in pieces:
                await ctx.media.play(*sources, loop=1 if _once(sources) else loop)
            if ctx.pace.monotonic() - began < PATIENCE:
                await ctx.pace.sleep(PATIENCE)
            if redirect is not None:
                return Goto(url=redirect.url, method=redirect.method)
            if any(_once(sources) for sources, _ in pieces):
                pieces, redirect = await self._pieces(ctx, page.verbs)
        return None

    async def _pieces(
        self, ctx: Context, verbs: Sequence[Verb]
    ) -> tuple[list[tuple[Sequence[Sound], int]], Redirect | None]:
        pieces: list[tuple[Sequence[Sound], int]] = []
        for verb in verbs:
            if isinstance(verb, Redirect):
                return pieces, verb
            if not isinstance(verb, Prompt):
                message = (
                    f"<Conference waitUrl>: <{type(verb).__name__}> cannot be used while somebody waits; it is left out"
                )
                ctx.notices.warning(Code.CONFERENCE_WAIT, message)
            elif sources := await verb.audio(ctx):
                pieces.append((sources, verb.loop))
        return pieces, None


def _once(sources: Sequence[Sound]) -> bool:
    """Whether some of it is on its way: it is heard once, and asked for again."""
    return any(isinstance(each, Download) for each in sources)


def _at(ctx: Context, documents: Documents, page: Page) -> Context:
    library: AudioLibrary = DocumentLibrary(documents)
    return replace(ctx, audio=library, document_url=page.url)
