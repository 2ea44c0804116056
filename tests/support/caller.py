"""A scripted caller in virtual time: he hears, presses keys and hangs up; the application is a table of answers.

Below the media session stands a small engine of its own that only knows how long things take.
"""

from __future__ import annotations

import asyncio
import itertools
import struct
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from offhook.calls.dialing import DialOutcome, DialRequest, DialStatus
from offhook.calls.events import ApplicationAsked, CallEvent, CallFacts, Heard, Noticed
from offhook.calls.leg import LegFailed
from offhook.calls.recording import LiveRecording, RecordingOrder
from offhook.calls.script import Application, HungUp, Interruption, Redirected
from offhook.media.commands import (
    AudioData,
    AudioSource,
    Bridge,
    Cancel,
    CloseSession,
    Command,
    CommandId,
    OpenSession,
    Pcm,
    Play,
    SendDigits,
    Silence,
    Supplied,
    Supply,
)
from offhook.media.events import (
    Cancelled,
    Closed,
    DigitReceived,
    Done,
    Event,
    Failed,
    Finished,
    Opened,
    Played,
    Recorded,
    RecordEnd,
    Result,
    Statistics,
)
from offhook.media.recording import Record
from offhook.media.session import MediaSession, Sessions
from offhook.outbound.http import HttpRequest, HttpResponse, OutboundError, OutboundFault
from offhook.rcml.fetch import OwnRecordings
from offhook.rcml.script import RcmlScript
from offhook.rcml.settings import RcmlSettings
from offhook.rcml.urls import without_credentials
from offhook.security.masked import Secret
from offhook.speech.synthesizer import Speech, SpeechFailed, Utterance
from offhook.vocabulary.sids import AccountSid, CallSid, RecordingSid
from offhook.vocabulary.statuses import CallStatus, Direction
from tests.support.virtual_loop import VirtualClock, settle

ORIGIN = "http://app.test"
ACCOUNT = AccountSid("AC" + "a" * 32)
CALL = CallSid("CA" + "b" * 32)
TOKEN = "12345"
PROMPT = 1.0
"""Seconds that every spoken text and every sound file lasts."""


def wav(name: str) -> bytes:
    """A WAV file that lasts ``PROMPT`` seconds and whose samples spell its name."""
    data = name.encode().ljust(int(8000 * PROMPT), b"\0")
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 7, 1, 8000, 8000, 1, 8)
    body = b"WAVE" + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def label(source: AudioSource) -> str:
    """What is heard in a source."""
    match source:
        case AudioData(data=data):
            return data[44:].rstrip(b"\0").decode()
        case Pcm(data=data):
            return data.rstrip(b"\0").decode()
        case Supplied(name=name):
            return name
        case Silence(duration=duration):
            return f"silence {duration}"
        case _:
            return type(source).__name__


def _seconds(source: AudioSource) -> float:
    return source.duration / 1000 if isinstance(source, Silence) else PROMPT


@dataclass
class _Work:
    command: Play | Record | Bridge | SendDigits
    began: float
    timer: asyncio.TimerHandle | None = None


class EarEngine:
    """An engine that plays and records nothing, in the time that it would take."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.supplied = b""
        """Bytes of sounds that came while they were played."""
        self.works: dict[CommandId, _Work] = {}
        self.refuses: str | None = None
        """Reason with which it refuses to play."""
        self._listener: Callable[[Sequence[Event]], None] | None = None

    @property
    def _loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    def listen(self, listener: Callable[[Sequence[Event]], None]) -> None:
        self._listener = listener

    def _emit(self, event: Event) -> None:
        assert self._listener is not None
        self._loop.call_soon(self._listener, (event,))

    def send(self, command: Command) -> None:
        match command:
            case OpenSession():
                self._emit(Finished(command=command.id, result=Opened(host="127.0.0.1", port=10_000)))
            case CloseSession():
                for work in list(self.works.values()):
                    self._cancel(work)
                self._emit(Finished(command=command.id, result=Closed(statistics=Statistics())))
            case Cancel(target=target):
                if target in self.works:
                    self._cancel(self.works[target])
            case Play() if self.refuses is not None:
                self._emit(Failed(command=command.id, reason=self.refuses))
            case Play():
                self._play(command)
            case Supply():
                self.supplied += command.data
            case Record():
                self._work(command, command.max_length / 1000, RecordEnd.MAX_LENGTH)
            case SendDigits(digits=digits):
                self.heard.append(f"keys {digits}")
                self._work(command, len(digits) * 0.2)
            case Bridge(a=a, b=b):
                self.heard.append("echo" if a == b else "bridge")
                self._work(command, None)
            case _:
                raise AssertionError(f"the ear does not know {command!r}")

    def _play(self, command: Play) -> None:
        self.heard.extend(label(source) for source in command.sources)
        length = sum(map(_seconds, command.sources))
        self._work(command, length * command.loop if command.loop else None)

    def _work(
        self, command: Play | Record | Bridge | SendDigits, seconds: float | None, end: RecordEnd | None = None
    ) -> None:
        work = self.works[command.id] = _Work(command, self._loop.time())
        if seconds is not None:
            work.timer = self._loop.call_later(seconds, self._finish, work, end)

    def _result(self, work: _Work, end: RecordEnd | None, key: str | None = None) -> Result:
        lasted = round((self._loop.time() - work.began) * 1000)
        match work.command:
            case Play():
                return Played(duration=lasted, stopped_by=key)
            case Record(path=path):
                return Recorded(path=path, duration=lasted, end=end or RecordEnd.CANCELLED, key=key)
            case _:
                return Done()

    def _finish(self, work: _Work, end: RecordEnd | None, key: str | None = None) -> None:
        result = self._result(work, end, key)
        self._drop(work)
        self._emit(Finished(command=work.command.id, result=result))

    def _cancel(self, work: _Work) -> None:
        result = self._result(work, RecordEnd.CANCELLED)
        self._drop(work)
        self._emit(Cancelled(command=work.command.id, result=result))

    def _drop(self, work: _Work) -> None:
        if work.timer is not None:
            work.timer.cancel()
        del self.works[work.command.id]

    def press(self, media: MediaSession, key: str) -> None:
        """A key in RTP: stops what it stops, then is reported."""
        for work in list(self.works.values()):
            match work.command:
                case Play(stop_on=keys) if key in keys:
                    self._finish(work, None, key)
                case Record(finish_on=keys) if key in keys:
                    self._finish(work, RecordEnd.KEY, key)
        self._emit(DigitReceived(session=media.id, digit=key))

    def fall_silent(self) -> None:
        """The caller says nothing for as long as it takes to end a recording."""
        for work in list(self.works.values()):
            if isinstance(work.command, Record):
                self._finish(work, RecordEnd.SILENCE)

    async def close(self) -> None:
        """Nothing to close."""


class WebStream:
    """A response as it comes: all at once, or never to its end."""

    def __init__(self, response: HttpResponse) -> None:
        self.status, self.headers, self.content_type = response.status, response.headers, response.content_type
        self.length = None if "transfer-encoding" in response.headers else len(response.body)
        self.closed = False
        self._body = response.body

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        for at in range(0, len(self._body), 1000):
            yield self._body[at : at + 1000]
        if "broken" in self.headers:
            raise OutboundError(OutboundFault.PROTOCOL, "app.test broke off.")

    def close(self) -> None:
        self.closed = True


class Web:
    """The application's web server: path to RCML, a WAV file, a response, or a function from form to RCML."""

    def __init__(self, pages: Mapping[str, Any]) -> None:
        self.pages = dict(pages)
        self.requests: list[HttpRequest] = []
        self.delay = 0.0

    async def open(self, request: HttpRequest) -> WebStream:
        return WebStream(await self.send(request))

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        if self.delay:
            await asyncio.sleep(self.delay)
        page = self.pages.get(urlsplit(request.url).path)
        if callable(page):
            page = page(dict(request.form))
        match page:
            case OutboundError():
                raise page
            case HttpResponse():
                return replace(page, url=without_credentials(request.url))
            case None:
                return HttpResponse(url=request.url, status=404, headers={}, body=b"no such page", elapsed=0.0)
            case bytes():
                kind = "audio/wav"
            case str():
                page, kind = page.encode(), "text/xml"
            case _:
                raise AssertionError(page)
        return HttpResponse(
            url=without_credentials(request.url), status=200, headers={"content-type": kind}, body=page, elapsed=0.01
        )


def answer(body: str | bytes, kind: str = "text/xml", status: int = 200, **headers: str) -> HttpResponse:
    """What a page may be instead of a document's text."""
    data = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()} | (
        {"content-type": kind} if kind else {}
    )
    return HttpResponse(url="", status=status, headers=named, body=data, elapsed=0.01)


class Tongue:
    """A synthesizer whose speech spells the text."""

    name = "tongue"

    def __init__(self) -> None:
        self.said: list[Utterance] = []
        self.fails = False

    def speaks(self, utterance: Utterance) -> bool:
        return True

    async def synthesize(self, utterance: Utterance) -> Speech:
        if self.fails:
            raise SpeechFailed("no voice is installed; install one")
        self.said.append(utterance)
        return Speech(pcm=utterance.text.encode().ljust(int(16_000 * PROMPT), b"\0"), rate=8000)

    async def run(self) -> None:
        await asyncio.Event().wait()


@dataclass
class Caller:
    """A call with a person at its far end; it is also the ``ScriptCall`` that the script sees."""

    facts: CallFacts
    application: Application
    media: MediaSession
    engine: EarEngine
    web: Web
    tongue: Tongue
    answers: bool = True
    """Whether answering works."""
    events: list[CallEvent] = field(default_factory=list)
    refused: tuple[int, str] | None = None
    hung_up_by_us: str | None = None
    dials: list[DialRequest] = field(default_factory=list)
    flushed: int = 0

    def __post_init__(self) -> None:
        self._keys: deque[str] = deque(maxlen=64)
        self._news = asyncio.Event()
        self._hung_up: HungUp | None = None
        self._redirects: deque[Redirected] = deque()
        self._dial_ends: asyncio.Queue[DialOutcome] = asyncio.Queue()
        self._ears = 0
        self._asked = 0
        self._shelf: dict[str, str] = {}

    # What the script sees

    @property
    def answered(self) -> bool:
        return self.facts.answered_at is not None

    async def answer(self) -> None:
        if self.answered or self._hung_up:
            return
        if not self.answers:
            raise LegFailed("no media", 503)
        await self.media.open("127.0.0.1")
        self.media.on_digit = self._take
        self.facts = replace(self.facts, status=CallStatus.IN_PROGRESS, answered_at=VirtualClock().utc())
        self._tell()

    async def refuse(self, sip_code: int, reason: str) -> None:
        if self._hung_up is None:
            self.refused = (sip_code, reason)
            self._over(by_far_end=False, status=CallStatus.FAILED)

    def start_recording(self, order: RecordingOrder) -> LiveRecording:
        return LiveRecording.begin(
            self.facts,
            self.media,
            order,
            sid=RECORDING,
            path=f"/recordings/{RECORDING}.wav",
            events=self,
            clock=VirtualClock(),
        )

    async def hangup(self, reason: str = "") -> None:
        if self._hung_up is None and not self._redirects:
            self.hung_up_by_us = reason
            self._over(by_far_end=False, status=CallStatus.COMPLETED)

    async def interruption(self) -> Interruption:
        while True:
            if self._hung_up is not None:
                return self._hung_up
            if self._redirects:
                return self._redirects.popleft()
            await self._change()

    async def dial(self, request: DialRequest) -> DialOutcome:
        self.dials.append(request)
        self._tell()
        outcome = DialOutcome(status=DialStatus.COMPLETED, call_sid=CallSid("CA" + "d" * 32), duration=7, bridged=True)
        try:
            outcome = await self._dial_ends.get()
        finally:
            if request.on_end is not None:
                request.on_end(outcome)
        return outcome

    async def digit(self) -> str:
        while not self._keys:
            await self._change()
        return self._keys.popleft()

    def flush_digits(self) -> None:
        self._keys.clear()

    def publish(self, event: CallEvent) -> None:
        self.events.append(event)
        self._tell()

    # What the person does

    async def hears(self, *labels: str) -> None:
        """Wait until these were heard, in this order, after what was heard before."""
        for label in labels:
            await self._until(lambda label=label: label in self.engine.heard[self._ears :], f"to hear {label!r}")
            self._ears = self.engine.heard.index(label, self._ears) + 1

    def presses(self, keys: str) -> None:
        """Press keys, as RFC 4733 events."""
        for key in keys:
            self.engine.press(self.media, key)

    def presses_by_info(self, keys: str) -> None:
        """Press keys that come by signalling."""
        for key in keys:
            self._take(key)

    def hangs_up(self) -> None:
        """End the call from the far end."""
        self._over(by_far_end=True, status=CallStatus.COMPLETED)

    async def is_run_by(self, script: RcmlScript) -> None:
        """As ``calls.active`` does: a redirect that was granted while the script ended is carried out."""
        await script.run(self)
        while self._redirects and self._hung_up is None:
            self.application = self._redirects.popleft().application
            await script.run(self)

    def is_redirected(self, application: Application) -> None:
        """The REST API gives the call something else to do."""
        self._redirects.append(Redirected(application=application))
        self._tell()

    async def dials_somebody(self) -> DialRequest:
        """Wait for the next dial."""
        seen = len(self.dials)
        await self._until(lambda: len(self.dials) > seen or bool(self.dials), "to be connected")
        return self.dials[-1]

    def dial_ends(self, outcome: DialOutcome) -> None:
        """The dial under way comes to this."""
        self._dial_ends.put_nowait(outcome)

    async def app_was_asked(self, path: str, **parameters: str) -> bool:
        """Wait for the application's next request to ``path``; whether it carried these parameters."""
        await self._until(lambda: self._request(path) is not None, f"a request to {path}")
        position, request = self._request(path) or (0, None)
        assert request is not None
        self._asked = position + 1
        form = dict(request.form)
        wrong = {name: form.get(name) for name, value in parameters.items() if form.get(name) != value}
        assert not wrong, f"{path} was asked with {wrong}"
        return True

    async def is_over(self) -> None:
        """Wait until the call has ended."""
        await self._until(lambda: self._hung_up is not None, "the end of the call")
        await settle()

    async def waits(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    @property
    def notices(self) -> list[Noticed]:
        return [event for event in self.events if isinstance(event, Noticed)]

    @property
    def transcript(self) -> list[tuple[str, str]]:
        return [(event.what, event.text) for event in self.events if isinstance(event, Heard)]

    @property
    def asked(self) -> list[ApplicationAsked]:
        return [event for event in self.events if isinstance(event, ApplicationAsked)]

    def _request(self, path: str) -> tuple[int, HttpRequest] | None:
        for position, request in enumerate(self.web.requests[self._asked :], self._asked):
            if urlsplit(request.url).path == path:
                return position, request
        return None

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + 120
        while not condition():
            if loop.time() > end:
                raise AssertionError(
                    f"waited for {what}; heard {self.engine.heard}, asked {[r.url for r in self.web.requests]}, "
                    f"notices {[n.message for n in self.notices]}"
                )
            await asyncio.sleep(0.01)

    def _take(self, key: str) -> None:
        self._keys.append(key)
        self._tell()

    def _over(self, *, by_far_end: bool, status: CallStatus) -> None:
        if self._hung_up is None:
            self._hung_up = HungUp(by_far_end=by_far_end)
            self.facts = replace(self.facts, status=status, ended_at=VirtualClock().utc())
            self.media.start_close()
            self._tell()

    def _tell(self) -> None:
        self._news.set()

    async def _change(self) -> None:
        news = self._news = asyncio.Event() if self._news.is_set() else self._news
        await news.wait()


@asynccontextmanager
async def caller(
    pages: Mapping[str, Any] | str | None = None,
    *,
    app: str = "/",
    document: str | None = None,
    fallback: str | None = None,
    method: str = "POST",
    api_version: str = "2012-04-24",
    settings: RcmlSettings | None = None,
    answered: bool = False,
    fails_to_answer: bool = False,
    own_recording: OwnRecordings | None = None,
) -> AsyncIterator[Caller]:
    """A call to ``app`` of an application with ``pages`` (or a single document); on leaving, everything must be gone."""
    table = {app: pages} if isinstance(pages, str) else dict(pages or {})
    engine, web, tongue = EarEngine(), Web(table), Tongue()
    sessions = Sessions(engine)
    call = Caller(
        facts=CallFacts(
            sid=CALL,
            account_sid=ACCOUNT,
            api_version=api_version,
            direction=Direction.INBOUND,
            from_="+14155550100",
            to="+14155550111",
            status=CallStatus.RINGING,
            created_at=VirtualClock().utc(),
        ),
        application=Application(
            url=None if document is not None else urljoin(ORIGIN, app),
            document=document,
            method=method,
            fallback_url=fallback and urljoin(ORIGIN, fallback),
        ),
        media=sessions.create(),
        engine=engine,
        web=web,
        tongue=tongue,
        answers=not fails_to_answer,
    )
    if answered:
        await call.answer()
    numbers = itertools.count(1)
    script = RcmlScript(
        http=web,
        secret=_token,
        synthesizer=tongue,
        recording_url=lambda account, sid, version: f"https://api.test/{version}/{account}/{sid}",
        own_recording=own_recording,
        clock=VirtualClock(),
        sids=lambda kind: f"NO{next(numbers):032x}",
        settings=settings,
    )
    async with asyncio.TaskGroup() as group:
        running = group.create_task(call.is_run_by(script))
        try:
            yield call
        finally:
            call.hangs_up()
            await asyncio.wait({running}, timeout=60)
            await settle()
    assert running.done()
    assert not engine.works, f"media commands were left behind: {engine.works}"
    assert sessions.idle


async def _token(account_sid: AccountSid) -> Secret:
    assert account_sid == ACCOUNT
    return Secret(TOKEN)


RECORDING = RecordingSid("RE" + "0" * 31 + "1")
