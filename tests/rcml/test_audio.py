"""Sound files by URL: what is kept, what is asked for again, what is refused."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from offhook.media.commands import AudioData
from offhook.outbound.http import HttpRequest, HttpResponse
from offhook.rcml.audio import AudioCache
from offhook.rcml.download import Download
from offhook.rcml.errors import VerbFailed
from offhook.rcml.settings import RcmlSettings
from offhook.vocabulary.clock import FrozenClock
from tests.support.caller import ACCOUNT, WebStream, wav

URL = "http://app.test/a.wav"


class Server:
    def __init__(self, body: bytes, **headers: str) -> None:
        self.body = body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.asked: list[HttpRequest] = []
        self.status = 200
        self.streams: list[WebStream] = []

    async def send(self, request: HttpRequest) -> HttpResponse:
        raise AssertionError("sounds are opened")

    async def open(self, request: HttpRequest) -> WebStream:
        self.asked.append(request)
        known = request.headers.get("If-None-Match")
        status = 304 if known is not None and known == self.headers.get("etag") else self.status
        body = b"" if status == 304 else self.body
        response = HttpResponse(url=request.url, status=status, headers=self.headers, body=body, elapsed=0.0)
        self.streams.append(WebStream(response))
        return self.streams[-1]


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


def long(name: str, **headers: str) -> Server:
    return Server(wav(name) * 40, **headers)


def collected(download: object) -> bytes:
    async def collect() -> bytes:
        assert isinstance(download, Download)
        return b"".join([piece async for piece in download.pieces()])

    return asyncio.run(collect())


@pytest.mark.parametrize("headers", [{}, {"transfer_encoding": "chunked"}])
def test_what_is_long_or_has_no_known_end_is_heard_while_it_comes_and_kept_when_it_came(headers):
    server = long("x", cache_control="max-age=60", **headers)
    cache = AudioCache(server, RcmlSettings(), FrozenClock().monotonic)
    download = asyncio.run(cache.fetch(ACCOUNT, URL))
    assert collected(download) == server.body
    assert server.streams[0].closed
    assert asyncio.run(cache.fetch(ACCOUNT, URL)) == AudioData(data=server.body, name=URL)
    assert len(server.asked) == 1


def test_what_was_fetched_in_part_is_not_kept():
    server = long("x", cache_control="max-age=60")
    cache = AudioCache(server, RcmlSettings(), FrozenClock().monotonic)

    async def first_piece() -> None:
        download = await cache.fetch(ACCOUNT, URL)
        assert isinstance(download, Download)
        async with aclosing(download.pieces()) as pieces:
            await anext(pieces)

    asyncio.run(first_piece())
    assert server.streams[0].closed
    assert isinstance(asyncio.run(cache.fetch(ACCOUNT, URL)), Download)
    assert len(server.asked) == 2


def test_what_is_to_be_repeated_must_have_an_end():
    server = long("x")
    cache = AudioCache(server, RcmlSettings(audio_limit=65_536), FrozenClock().monotonic)

    async def whole() -> None:
        download = await cache.fetch(ACCOUNT, URL)
        assert isinstance(download, Download)
        await download.whole()

    with pytest.raises(VerbFailed, match="must have an end within 65536 bytes"):
        asyncio.run(whole())


@pytest.mark.parametrize("status", [404, 500])
def test_a_refusal_is_told_and_its_connection_let_go(status):
    server = Server(b"no")
    server.status = status
    with pytest.raises(VerbFailed, match=f"the server answered {status}"):
        fetches(server, FrozenClock(), 1)
    assert server.streams[0].closed
