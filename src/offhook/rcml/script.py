"""The ``Script`` that the switchboard runs for every call: builds the call's ports and hands them to the interpreter."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from offhook.calls.dialing import DialOutcome, DialRequest
from offhook.calls.leg import LegFailed
from offhook.calls.script import ScriptCall
from offhook.rcml.audio import AudioCache, HttpClient
from offhook.rcml.context import Context, Dialect
from offhook.rcml.errors import VerbFailed
from offhook.rcml.fetch import Documents, OwnRecordings
from offhook.rcml.interpreter import Interpreter
from offhook.rcml.keys import KeyBuffer
from offhook.rcml.notices import CallNotices
from offhook.rcml.settings import RcmlSettings
from offhook.rcml.sound import CallRecorder, CallSound, RecordingUrls, SpokenText
from offhook.rcml.waiting import DocumentLibrary, WaitingRoom
from offhook.security.masked import Secret
from offhook.security.signatures import signer
from offhook.speech.synthesizer import Synthesizer
from offhook.vocabulary.clock import Clock
from offhook.vocabulary.sids import AccountSid, RecordingSid

SECRET_PATIENCE = 5.0
"""Seconds that the look-up of a signing secret may take."""


class RcmlScript:
    """Runs calls by their applications' documents. One for all calls; holds nothing of any of them."""

    def __init__(
        self,
        *,
        http: HttpClient,
        secret: Callable[[AccountSid], Awaitable[Secret | None]],
        synthesizer: Synthesizer,
        recording_url: RecordingUrls,
        own_recording: OwnRecordings | None = None,
        clock: Clock,
        sids: Callable[[str], str],
        settings: RcmlSettings | None = None,
    ) -> None:
        """``secret`` gives the auth token of an account, which signs the requests to its applications (None: unsigned)."""
        self._http = http
        self._secret = secret
        self._voice = SpokenText(synthesizer)
        self._recording_url = recording_url
        self._own_recording = own_recording
        self._clock = clock
        self._sids = sids
        self._settings = settings or RcmlSettings()
        self._audio = AudioCache(http, self._settings, clock.monotonic)

    async def run(self, call: ScriptCall) -> None:
        """Run one call to its end."""
        try:
            async with asyncio.timeout(SECRET_PATIENCE):
                secret = await self._secret(call.facts.account_sid)
        except TimeoutError:
            raise LegFailed("the account of the call could not be looked up in time", 503) from None
        notices = CallNotices(call, self._clock.utc, self._sids, self._settings.notices_per_call)

        def new_documents() -> Documents:
            return Documents(
                call,
                self._http,
                None if secret is None else signer(secret),
                notices,
                self._audio,
                self._own_recording,
                self._clock.monotonic,
            )

        documents = new_documents()
        keys = KeyBuffer(call.digit, call.flush_digits)
        sound = CallSound(call, keys, self._settings.stream_limit)
        context = Context(
            call=call,
            media=sound,
            speech=self._voice,
            audio=DocumentLibrary(documents),
            keys=keys,
            recorder=CallRecorder(call, self._recording_url),
            dialer=_CallDialer(call, self._recording_url),
            waiting=WaitingRoom(new_documents),
            notices=notices,
            transcript=notices,
            pace=_LoopPace(self._clock),
            dialect=_dialect(call.facts.api_version),
        )

        async def farewell() -> None:
            await self._apologize(context)

        try:
            await Interpreter(call, documents, context, self._settings, farewell).run()
        finally:
            documents.close()

    async def _apologize(self, ctx: Context) -> None:
        """Best effort: the failure itself was told to the author already."""
        if not self._settings.apology:
            return
        try:
            async with asyncio.timeout(self._settings.farewell_limit):
                speech = await ctx.speech.say(self._settings.apology, language="en", voice="man")
                ctx.transcript.heard("say", self._settings.apology)
                await ctx.media.play(speech)
        except (VerbFailed, TimeoutError) as failure:
            ctx.notices.warning(13520, f"the apology could not be spoken: {failure}")


def _dialect(api_version: str) -> Dialect:
    return Dialect.TWILIO if api_version == Dialect.TWILIO.value else Dialect.RESTCOMM


class _CallDialer:
    """The dialing port; remembers what came of a dial that was cancelled."""

    def __init__(self, call: ScriptCall, urls: RecordingUrls) -> None:
        self._call = call
        self._urls = urls
        self.last: DialOutcome | None = None

    async def dial(self, request: DialRequest) -> DialOutcome:
        self.last = None
        self.last = await self._call.dial(replace(request, on_end=self._remember))
        return self.last

    def _remember(self, outcome: DialOutcome) -> None:
        self.last = outcome

    def recording_url(self, sid: RecordingSid) -> str:
        facts = self._call.facts
        return self._urls(facts.account_sid, sid, facts.api_version)


class _LoopPace:
    """Time, by the clock and the event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
