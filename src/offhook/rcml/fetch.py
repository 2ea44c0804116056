"""Documents from an application's URLs: a signed request, its answer read by content type, the fallback URL when it fails.

One ``Documents`` belongs to one call: it keeps the call's cookies and knows whether the fallback was used.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from offhook.calls.parameters import voice_parameters
from offhook.calls.script import Application, ScriptCall
from offhook.media.commands import AudioData, AudioFile
from offhook.outbound.http import HttpRequest, HttpResponse, OutboundError, OutboundFault, Signer
from offhook.rcml.audio import SOUND_TYPES, AudioCache, HttpClient
from offhook.rcml.context import Sound
from offhook.rcml.document import SIZE_LIMIT, parse
from offhook.rcml.download import Download
from offhook.rcml.errors import Code, DocumentError, FetchFailed, RcmlError, VerbFailed
from offhook.rcml.interpreter import Page
from offhook.rcml.notices import CallNotices
from offhook.rcml.outcome import Goto, Method, Parameters
from offhook.rcml.urls import base_of, resolve, without_credentials
from offhook.rcml.verbs import VOCABULARY
from offhook.rcml.verbs.play import Play
from offhook.rcml.verbs.say import Say
from offhook.vocabulary.sids import AccountSid

XML_TYPES: Final = frozenset({"text/xml", "application/xml", "text/html", "application/rcml+xml"})

OwnRecordings = Callable[[AccountSid, str], Awaitable[Path | None]]
"""The file behind a URL, if that is the URL of a recording of this account: it is played without a request."""


class Documents:
    """Where the documents of one call come from."""

    def __init__(
        self,
        call: ScriptCall,
        http: HttpClient,
        signer: Signer | None,
        notices: CallNotices,
        audio: AudioCache,
        own_recording: OwnRecordings | None,
        monotonic: Callable[[], float],
    ) -> None:
        self._call = call
        self._http = http
        self._signer = signer
        self._notices = notices
        self._audio = audio
        self._own_recording = own_recording
        self._monotonic = monotonic
        self._application = call.application
        self._fallback_used = False
        self._downloads: list[Download] = []
        self._given: dict[str, AudioData] = {}
        self.base: str | None = None
        """URL of the document that runs: what its relative URLs are relative to."""
        self.cookies: dict[str, str] = {}

    async def first(self, application: Application) -> Page:
        """The first document of ``application``."""
        self._application = application
        self._fallback_used = False
        self.base = None
        try:
            if application.document is not None:
                self._notices.about(None)
                return self._parsed(application.document, None)
            if application.url is None:
                raise self._failed("nothing is configured to answer this call; set a URL or an application", 11100)
            return await self._ask(application.url, Method(application.method), (), first=True)
        except RcmlError as failure:
            return await self._fallback(failure, application.url)

    async def follow(self, goto: Goto, base: str | None, *, live: bool) -> Page:
        """The document that a verb asks for; the fallback's when that fails and somebody still listens."""
        url: str | None = None
        try:
            url = self._resolved(base, goto.url)
            return await self._ask(url, goto.method, goto.parameters, first=False)
        except RcmlError as failure:
            if not live:
                raise
            return await self._fallback(failure, url)

    async def sound(self, url: str) -> Sound:
        """A sound file that the running document names. Raises ``VerbFailed``."""
        given = self._given.get(url)
        if given is not None:
            return given
        account, absolute = self._call.facts.account_sid, resolve(self.base, url)
        if self._own_recording is not None and (path := await self._own_recording(account, absolute)) is not None:
            return AudioFile(path=str(path))
        found = await self._audio.fetch(account, absolute, self.cookies)
        if isinstance(found, Download):
            self._downloads = [*(each for each in self._downloads if not each.closed), found]
        return found

    def close(self) -> None:
        """Let go of what was fetched and never played."""
        for download in self._downloads:
            download.close()

    async def _fallback(self, failure: RcmlError, url: str | None) -> Page:
        fallback = self._application.fallback_url
        if fallback is None or self._fallback_used:
            raise failure
        self._fallback_used = True
        why = (("ErrorCode", str(int(failure.code))), ("ErrorUrl", without_credentials(url or "")))
        return await self._ask(
            self._resolved(self.base, fallback), Method(self._application.fallback_method), why, first=False
        )

    def _resolved(self, base: str | None, url: str) -> str:
        try:
            return resolve(base, url)
        except VerbFailed as failure:
            raise self._failed(str(failure), failure.code) from failure

    async def _ask(self, url: str, method: Method, extra: Parameters, *, first: bool) -> Page:
        request = HttpRequest(
            url=url,
            method=method.value,
            form=(*voice_parameters(self._call.facts), *extra),
            signer=self._signer,
            limit=SIZE_LIMIT,
            cookies=self.cookies,
        )
        began = self._monotonic()
        try:
            response = await self._http.send(request)
        except OutboundError as failure:
            self._notices.asked(request, None, self._monotonic() - began, str(failure))
            raise self._failed(str(failure), _code_of(failure.fault)) from failure
        self._notices.asked(request, response, response.elapsed)
        if not 200 <= response.status < 300:
            raise self._refused(response, first=first)
        return self._page(response, base_of(url, request.form, response.url))

    def _refused(self, response: HttpResponse, *, first: bool) -> FetchFailed:
        """The server answered with an error. A 404 that bears a document is a number that does not exist."""
        if response.status == 404 and first and _is_document(response):
            self._notices.warning(Code.NOT_FOUND, f"{response.url} answered 404: the caller is told SIP 404")
            return FetchFailed("the application knows no such number", Code.NOT_FOUND, sip_code=404)
        return self._failed(f"{response.url} answered {response.status}; see the application's log", Code.HTTP_STATUS)

    def _page(self, response: HttpResponse, url: str) -> Page:
        """A response as a document, by its content type."""
        kind = response.content_type
        if not response.body.strip():
            page = Page(verbs=(), url=url)
        elif kind in XML_TYPES or (not kind and response.body.lstrip().startswith(b"<")):
            return self._parsed(response.body, url, _charset(response))
        elif kind in SOUND_TYPES:
            self._given = {url: AudioData(data=response.body, name=without_credentials(response.url), stated=kind)}
            page = Page(verbs=(Play(url=url),), url=url)
        elif kind == "text/plain":
            page = Page(verbs=(Say(text=response.body.decode("utf-8", "replace").strip()),), url=url)
        else:
            shown = kind or "none"
            raise self._failed(
                f"{response.url} answered with content type {shown}; send text/xml (or text/plain, audio/wav, audio/mpeg …)",
                Code.CONTENT_TYPE,
            )
        self.base = page.url
        return page

    def _parsed(self, source: bytes | str, url: str | None, charset: str = "") -> Page:
        try:
            document = parse(source, VOCABULARY, charset=charset)
        except DocumentError as failure:
            self._notices.error(
                failure.code, f"{without_credentials(url) if url else 'the inline document'}, {failure}"
            )
            raise
        self._notices.document_warnings(document.warnings)
        self.base = url
        return Page(verbs=document.verbs, url=url)

    def _failed(self, message: str, code: int) -> FetchFailed:
        self._notices.error(code, message)
        return FetchFailed(message, code)


def _code_of(fault: OutboundFault) -> Code:
    match fault:
        case OutboundFault.BAD_URL:
            return Code.BAD_URL
        case OutboundFault.TOO_LARGE:
            return Code.TOO_LARGE
        case OutboundFault.PROTOCOL | OutboundFault.REDIRECTS:
            return Code.HTTP_STATUS
        case _:
            return Code.CONNECTION


def _charset(response: HttpResponse) -> str:
    for parameter in response.headers.get("content-type", "").split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip(" \"'")
    return ""


def _is_document(response: HttpResponse) -> bool:
    if response.content_type not in XML_TYPES:
        return False
    try:
        parse(response.body, VOCABULARY, charset=_charset(response))
    except DocumentError:
        return False
    return True
