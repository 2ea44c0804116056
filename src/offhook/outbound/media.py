"""Audio that tenants name by URL: fetched whole, kept in a bounded memory while the server says that it is fresh."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from offhook.outbound.http import HttpRequest, HttpResponse, OutboundError, OutboundFault

_UNSAID = 60.0
"""Seconds for which audio is fresh when the server says nothing."""
_LONGEST = 86_400.0


class Sender(Protocol):
    """What is needed of ``HttpClient``."""

    async def send(self, request: HttpRequest) -> HttpResponse: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """An audio file as it came."""

    data: bytes
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    audio: Audio
    fresh_until: float
    etag: str | None
    modified: str | None


class MediaFetcher:
    """Fetches and keeps. The least recently used audio goes when ``cache`` bytes are full (private caching, RFC 9111)."""

    def __init__(
        self, sender: Sender, *, limit: int, cache: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._sender = sender
        self._limit = limit
        self._cache = cache
        self._monotonic = monotonic
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self._size = 0

    async def fetch(self, request: HttpRequest, *, owner: str) -> Audio:
        """The audio at a URL; ``owner`` (an account) shares with nobody. Raises ``OutboundError``, also for a 4xx or 5xx."""
        key = (owner, request.url)
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            if self._monotonic() < kept.fresh_until:
                return kept.audio
        asked = replace(request, limit=self._limit, headers={**request.headers, **_conditions(kept)})
        response = await self._sender.send(asked)
        if response.status == 304 and kept is not None:
            self._keep(key, replace(kept, fresh_until=self._fresh_until(response.headers)), response.headers)
            return kept.audio
        if not 200 <= response.status < 300:
            raise OutboundError(OutboundFault.PROTOCOL, f"{response.url} answered {response.status} instead of audio.")
        audio = Audio(data=response.body, content_type=response.content_type)
        entry = _Kept(
            audio=audio,
            fresh_until=self._fresh_until(response.headers),
            etag=response.headers.get("etag"),
            modified=response.headers.get("last-modified"),
        )
        self._keep(key, entry, response.headers)
        return audio

    def _keep(self, key: tuple[str, str], entry: _Kept, headers: Mapping[str, str]) -> None:
        before = self._kept.pop(key, None)
        self._size -= 0 if before is None else len(before.audio.data)
        if "no-store" in headers.get("cache-control", "").lower() or len(entry.audio.data) > self._cache:
            return
        self._kept[key] = entry
        self._size += len(entry.audio.data)
        while self._size > self._cache:
            _, gone = self._kept.popitem(last=False)
            self._size -= len(gone.audio.data)

    def _fresh_until(self, headers: Mapping[str, str]) -> float:
        seconds = _UNSAID
        for directive in headers.get("cache-control", "").lower().split(","):
            name, _, value = directive.strip().partition("=")
            if name in ("no-cache", "no-store"):
                seconds = 0.0
                break
            digits = value.strip('" ')
            if name == "max-age" and digits.isascii() and digits.isdigit() and len(digits) < 10:
                seconds = min(float(digits), _LONGEST)
        return self._monotonic() + seconds


def _conditions(kept: _Kept | None) -> dict[str, str]:
    if kept is None:
        return {}
    asked = {"If-None-Match": kept.etag, "If-Modified-Since": kept.modified}
    return {name: value for name, value in asked.items() if value is not None}
