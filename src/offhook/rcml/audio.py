"""Sound files at an application's URLs: fetched, kept in memory, and asked for again only when they may have changed.

Freshness follows RFC 9111: ``Cache-Control: max-age``, then a conditional request by ETag or Last-Modified.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from offhook.media.commands import AudioData
from offhook.outbound.http import HttpRequest, HttpResponse, OutboundError
from offhook.outbound.streaming import HttpStream
from offhook.rcml.download import SHORT, Download, unavailable
from offhook.rcml.errors import Code, VerbFailed
from offhook.rcml.settings import RcmlSettings
from offhook.rcml.urls import without_credentials
from offhook.vocabulary.sids import AccountSid

SOUND_TYPES: Final = frozenset(
    f"audio/{kind}"
    for kind in ("wav", "wave", "x-wav", "vnd.wave", "mpeg", "mp3", "x-mp3", "ogg", "opus", "vorbis", "flac", "x-flac")
) | {"application/ogg"}
"""Content types of what can be played, where an application answers with sound in place of a document."""
_NO_SOUND: Final = frozenset(
    {"application/json", "application/xml", "application/xhtml+xml", "application/vnd.apple.mpegurl"}
)
_MAX_AGE: Final = re.compile(r"max-age\s*=\s*\"?([0-9]{1,9})")


class HttpClient(Protocol):
    """The port to tenants' web servers; ``outbound`` implements it."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Raises ``OutboundError``; always ends within its time limit."""
        ...

    async def open(self, request: HttpRequest) -> HttpStream:
        """The same, as soon as status and headers are there. What is returned must be closed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    data: bytes
    stated: str
    """Its content type."""
    fresh_until: float
    validators: Mapping[str, str]


class AudioCache:
    """Sound files of all accounts, each account's apart; the least recently played go first."""

    def __init__(self, http: HttpClient, settings: RcmlSettings, monotonic: Callable[[], float]) -> None:
        self._http = http
        self._settings = settings
        self._monotonic = monotonic
        self._kept: OrderedDict[tuple[AccountSid, str], _Kept] = OrderedDict()
        self._size = 0

    async def fetch(
        self, account_sid: AccountSid, url: str, cookies: dict[str, str] | None = None
    ) -> AudioData | Download:
        """The file at an absolute URL: all of it when it is short or was kept, on its way otherwise. Raises ``VerbFailed``."""
        shown = without_credentials(url)
        kept = self._kept.get((account_sid, url))
        if kept is not None and kept.fresh_until > self._monotonic():
            self._kept.move_to_end((account_sid, url))
            return AudioData(data=kept.data, name=shown, stated=kept.stated)
        validators = kept.validators if kept is not None else {}
        request = HttpRequest(url=url, method="GET", headers=validators, cookies=cookies)
        try:
            response = await self._http.open(request)
        except OutboundError as failure:
            raise unavailable(shown, failure) from failure

        def keep(data: bytes) -> None:
            self._keep(account_sid, url, data, response)

        download = Download(response, name=shown, limit=self._settings.audio_limit, keep=keep)
        try:
            if response.status == 304 and kept is not None:
                self._keep(account_sid, url, kept.data, response, kept.stated)
                return AudioData(data=kept.data, name=shown, stated=kept.stated)
            if response.status != 200:
                raise unavailable(shown, f"the server answered {response.status}")
            checked(response.content_type, shown)
            if response.length is not None and response.length <= SHORT:
                return await download.whole()
        except BaseException:
            download.close()
            raise
        return download

    def _keep(
        self, account_sid: AccountSid, url: str, data: bytes, response: HttpStream, stated: str | None = None
    ) -> None:
        old = self._kept.pop((account_sid, url), None)
        if old is not None:
            self._size -= len(old.data)
        control = response.headers.get("cache-control", "").lower()
        if "no-store" in control or len(data) > self._settings.audio_cache:
            return
        max_age = _MAX_AGE.search(control)
        age = float(max_age[1]) if max_age is not None and "no-cache" not in control else 0.0
        validators = {
            asked: response.headers[given]
            for asked, given in (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified"))
            if given in response.headers
        }
        if not age and not validators:
            return
        self._kept[account_sid, url] = _Kept(
            data=data,
            stated=response.content_type if stated is None else stated,
            fresh_until=self._monotonic() + age,
            validators=validators,
        )
        self._size += len(data)
        while self._size > self._settings.audio_cache:
            self._size -= len(self._kept.popitem(last=False)[1].data)


def checked(content_type: str, url: str) -> str:
    """``content_type`` if sound may come under it; the engine looks at the bytes. Raises ``VerbFailed`` otherwise."""
    if content_type.startswith("text/") or content_type in _NO_SOUND:
        raise VerbFailed(
            f"{url} is {content_type}, no sound; answer with WAV, MP3, Ogg (Opus or Vorbis) or FLAC, and its content type",
            Code.CONTENT_TYPE,
        )
    return content_type
