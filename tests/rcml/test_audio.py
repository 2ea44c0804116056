"""Sound files by URL: what is kept, what is asked for again, what is refused."""

from __future__ import annotations

import asyncio

import pytest

from offhook.media.commands import AudioData
from offhook.outbound.http import HttpRequest, HttpResponse
from offhook.rcml.audio import AudioCache
from offhook.rcml.errors import VerbFailed
from offhook.rcml.settings import RcmlSettings
from offhook.vocabulary.clock import FrozenClock
from tests.support.caller import ACCOUNT, wav

URL = "http://app.test/a.wav"


class Server:
    def __init__(self, body: bytes, **headers: str) -> None:
        self.body = body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.asked: list[HttpRequest] = []
        self.status = 200

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request)
        known = request.headers.get("If-None-Match")
        status = 304 if known is not None and known == self.headers.get("etag") else self.status
        body = b"" if status == 304 else self.body
        return HttpResponse(url=request.url, status=status, headers=self.headers, body=body, elapsed=0.0)


def fetches(server: Server, clock: FrozenClock, times: int, limit: int = 1 << 20) -> AudioCache:
    cache = AudioCache(server, RcmlSettings(audio_cache=limit), clock.monotonic)

    async def fetch() -> None:
        for _ in range(times):
            fetched = await cache.fetch(ACCOUNT, URL)
            assert fetched == AudioData(data=server.body, name=URL, stated=server.headers.get("content-type", ""))
            clock.advance(10)

    asyncio.run(fetch())
    return cache


def test_a_fresh_file_is_not_asked_for_again_and_a_stale_one_is():
    server = Server(wav("x"), cache_control="public, max-age=15")
    fetches(server, FrozenClock(), 4)
    assert len(server.asked) == 2


def test_a_file_with_a_validator_is_only_confirmed():
    server = Server(wav("x"), etag='"1"')
    fetches(server, FrozenClock(), 3)
    assert [dict(request.headers) for request in server.asked] == [
        {},
        {"If-None-Match": '"1"'},
        {"If-None-Match": '"1"'},
    ]


@pytest.mark.parametrize(
    "headers", [{}, {"cache_control": "no-store, max-age=60"}, {"cache_control": "no-cache, max-age=60"}]
)
def test_a_file_that_must_not_be_kept_is_asked_for_each_time(headers):
    server = Server(wav("x"), **headers)
    fetches(server, FrozenClock(), 2)
    assert [dict(request.headers) for request in server.asked] == [{}, {}]


def test_a_file_larger_than_the_cache_is_not_kept():
    server = Server(wav("x"), cache_control="max-age=60")
    fetches(server, FrozenClock(), 2, limit=100)
    assert len(server.asked) == 2


def test_accounts_do_not_share_files():
    server = Server(wav("x"), cache_control="max-age=600")
    cache = fetches(server, FrozenClock(), 1)
    asyncio.run(cache.fetch(type(ACCOUNT)("AC" + "0" * 32), URL))
    assert len(server.asked) == 2


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/json", "TEXT/plain"])
def test_what_is_said_to_be_no_sound_is_refused_with_advice(kind):
    with pytest.raises(VerbFailed, match="no sound; answer with WAV, MP3") as caught:
        fetches(Server(b"<html>", content_type=kind), FrozenClock(), 1)
    assert caught.value.code == 12300


@pytest.mark.parametrize("kind", ["audio/mpeg", "application/octet-stream", "video/mp4", ""])
def test_everything_else_is_left_to_the_engine_with_what_was_said_of_it(kind):
    fetches(Server(b"...", content_type=kind, etag='"1"'), FrozenClock(), 2)
