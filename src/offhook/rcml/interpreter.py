"""Runs the verbs of a call's documents one after the other, whoever interrupts. Never names a verb.

Each verb and each request runs in a task of its own, raced against the call's next interruption: a redirect cancels it
and starts over with the new application; a hangup cancels it, lets it settle what it owes (``after_hangup``), and runs
of the rest only verbs without needs, under a time limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar, assert_never, runtime_checkable

from offhook.calls.leg import LegFailed
from offhook.calls.script import Application, HungUp, Interruption, Redirected, ScriptCall
from offhook.media.session import MediaClosed
from offhook.rcml.context import Context, Verb
from offhook.rcml.errors import Code, FetchFailed, RcmlError, VerbFailed
from offhook.rcml.outcome import Goto, Need, Next, Outcome, Stop
from offhook.rcml.settings import RcmlSettings

T = TypeVar("T")

NOTICEABLE = 0.1
"""Seconds: a verb that took so long did something that a caller can notice."""
CLOSING_GRACE = 5.0
"""Seconds between the end of a call's media and the word that the call has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A document that came, ready to run."""

    verbs: Sequence[Verb]
    url: str | None
    """Its URL; None when it came from none."""


class Source(Protocol):
    """Where documents come from. Both methods raise ``RcmlError`` after they have told the author."""

    async def first(self, application: Application) -> Page:
        """The first document of an application, or that of its fallback URL."""
        ...

    async def follow(self, goto: Goto, base: str | None, *, live: bool) -> Page:
        """The document that a verb asks for. ``live`` is False when the caller is gone: then no fallback stands in."""
        ...


@runtime_checkable
class Owing(Protocol):
    """A verb that owes the application a word when the call ends under it."""

    async def after_hangup(self, ctx: Context) -> Outcome:
        """What follows; the call is over."""
        ...


class Interrupted(Exception):
    """The call was hung up or redirected. ``started``: the work had begun, and was cancelled."""

    def __init__(self, by: Interruption, *, started: bool) -> None:
        super().__init__(type(by).__name__)
        self.by = by
        self.started = started


@dataclass(frozen=True, slots=True)
class _Failed:
    """An expected failure, carried out of a task as a value: raised there it would end the whole group."""

    error: Exception


class Interpreter:
    """One call from its first document to its end. ``farewell`` tells an answered caller that the application failed."""

    def __init__(
        self,
        call: ScriptCall,
        source: Source,
        context: Context,
        settings: RcmlSettings,
        farewell: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self._call = call
        self._source = source
        self._context = context
        self._settings = settings
        self._farewell = farewell
        self._idle_documents = 0
        self._group: asyncio.TaskGroup
        self._interruption: asyncio.Task[Interruption]

    async def run(self) -> None:
        """Returns when the call is over and nothing is owed to the application any more."""
        application: Application | None = self._call.application
        async with asyncio.TaskGroup() as self._group:
            while application is not None:
                self._interruption = self._group.create_task(self._call.interruption())
                try:
                    await self._application(application)
                    application = None
                except Interrupted as interrupted:
                    application = interrupted.by.application if isinstance(interrupted.by, Redirected) else None
                finally:
                    self._interruption.cancel()

    async def _application(self, application: Application) -> None:
        try:
            page = await self._while_live(self._source.first(application))
            while True:
                outcome = await self._page(page)
                match outcome:
                    case Goto():
                        page = await self._next_page(outcome, page.url)
                    case Stop(reason=reason):
                        await self._end(reason)
                        return
                    case Next():
                        await self._end("the document ended")
                        return
                    case never:
                        assert_never(never)
        except RcmlError as failure:
            await self._give_up(failure)

    async def _end(self, reason: str) -> None:
        """Hang up, unless the call was given something else to run while the last verb ended."""
        if self._interruption.done():
            raise Interrupted(self._interruption.result(), started=False)
        await self._call.hangup(reason)

    async def _give_up(self, failure: RcmlError) -> None:
        """No document to go on with: SIP 500 for a caller who still waits, an apology for one who is on the line."""
        if not self._call.answered:
            sip_code = failure.sip_code if isinstance(failure, FetchFailed) else 500
            await self._call.refuse(sip_code, f"application error {int(failure.code)}")
            return
        await self._while_live(self._farewell())
        await self._call.hangup("the application failed")

    async def _page(self, page: Page) -> Outcome:
        """The first outcome that leads away from the page."""
        context = replace(self._context, document_url=page.url)
        for position, verb in enumerate(page.verbs):
            try:
                outcome = await self._verb(verb, context)
            except Interrupted as interrupted:
                if isinstance(interrupted.by, HungUp):
                    begun = verb if interrupted.started else None
                    rest = page.verbs[position + (1 if interrupted.started else 0) :]
                    await self._in_time(self._settle(begun, rest, context))
                raise
            if not isinstance(outcome, Next):
                return outcome
        return Next()

    async def _verb(self, verb: Verb, context: Context) -> Outcome:
        """Run one verb; when it fails the call goes on with the next."""
        began = context.pace.monotonic()
        try:
            return await self._while_live(self._perform(verb, context))
        except VerbFailed as failure:
            return _noticed(verb, failure, context)
        finally:
            if context.pace.monotonic() - began >= NOTICEABLE:
                self._idle_documents = 0

    async def _perform(self, verb: Verb, context: Context) -> Outcome:
        if Need.ANSWERED in verb.needs and not self._call.answered:
            await self._call.answer()
            if not self._call.answered:
                raise LegFailed("the call could not be answered")
        return await verb.run(context)

    async def _next_page(self, goto: Goto, base: str | None) -> Page:
        """The next document. A request under way is not repeated when the caller hangs up: its answer still counts."""
        self._count_document()
        request = self._group.create_task(_caught(self._source.follow(goto, base, live=True)))
        await asyncio.wait({request, self._interruption}, return_when=asyncio.FIRST_COMPLETED)
        if request.done():
            return _unwrapped(request.result())
        by = self._interruption.result()
        if isinstance(by, HungUp):
            await self._in_time(self._settle_page(request))
        await _cancelled(request)
        raise Interrupted(by, started=True)

    def _count_document(self) -> None:
        self._idle_documents += 1
        limit = self._settings.idle_documents
        if self._idle_documents > limit:
            message = f"{limit} documents in a row only led to the next one; the call was ended. Look for a circle of redirects"
            self._context.notices.error(Code.TOO_MANY_DOCUMENTS, message)
            raise FetchFailed(message, Code.TOO_MANY_DOCUMENTS)

    async def _while_live(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of ``work``, unless the call is interrupted first: then it is cancelled."""
        if self._interruption.done():
            work.close()
            raise Interrupted(self._interruption.result(), started=False)
        task = self._group.create_task(_caught(work))
        try:
            await asyncio.wait({task, self._interruption}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return _unwrapped(task.result())
        except (MediaClosed, LegFailed):
            raise Interrupted(await self._closing(), started=True) from None
        await _cancelled(task)
        raise Interrupted(self._interruption.result(), started=True)

    async def _closing(self) -> Interruption:
        """The media went away under a verb, or could not be set up: the call is ending, or has to."""
        await asyncio.wait({self._interruption}, timeout=CLOSING_GRACE)
        if self._interruption.done():
            return self._interruption.result()
        await self._call.hangup("the call's media ended")
        return HungUp(by_far_end=False)

    async def _in_time(self, work: Coroutine[Any, Any, None]) -> None:
        """What may happen after a hangup, within its limit."""
        try:
            async with asyncio.timeout(self._settings.hangup_limit):
                await work
        except RcmlError:
            return  # told to the author where it arose; there is no caller left to tell
        except TimeoutError:
            limit = self._settings.hangup_limit
            message = f"the caller had hung up, and the rest of the document took longer than {limit:g} s"
            self._context.notices.warning(Code.CONNECTION, message)

    async def _settle_page(self, request: Awaitable[Page | _Failed]) -> None:
        page = _unwrapped(await request)
        await self._settle(None, page.verbs, replace(self._context, document_url=page.url))

    async def _settle(self, begun: object, rest: Sequence[Verb], context: Context) -> None:
        """After a hangup: what the interrupted verb owes, then what needs no call."""
        outcome: Outcome = Next()
        if isinstance(begun, Owing):
            outcome = await begun.after_hangup(context)
        while True:
            if isinstance(outcome, Next):
                outcome = await self._without_call(rest, context)
            if not isinstance(outcome, Goto):
                return
            self._count_document()
            page = await self._source.follow(outcome, context.document_url, live=False)
            context, rest, outcome = replace(context, document_url=page.url), page.verbs, Next()

    async def _without_call(self, verbs: Sequence[Verb], context: Context) -> Outcome:
        for verb in verbs:
            if verb.needs:
                continue
            try:
                outcome = await verb.run(context)
            except VerbFailed as failure:
                outcome = _noticed(verb, failure, context)
            if not isinstance(outcome, Next):
                return outcome
        return Stop(reason="the document ended")


def _noticed(verb: Verb, failure: VerbFailed, context: Context) -> Outcome:
    context.notices.error(failure.code, f"<{type(verb).__name__}>: {failure}")
    return Next()


async def _caught(work: Awaitable[T]) -> T | _Failed:
    try:
        return await work
    except (RcmlError, LegFailed, MediaClosed) as failure:
        return _Failed(failure)


def _unwrapped(result: T | _Failed) -> T:
    if isinstance(result, _Failed):
        raise result.error
    return result


async def _cancelled(task: asyncio.Task[Any]) -> None:
    """Cancel ``task`` and wait for its end, which media and dialling bound themselves."""
    task.cancel()
    await asyncio.wait({task})
