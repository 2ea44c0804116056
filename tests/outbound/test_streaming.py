"""Responses as they come: pieces, slow readers, and bodies that break off."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from offhook.outbound.http import HttpRequest, OutboundError, OutboundFault
from offhook.security.egress import Egress
from tests.outbound.test_client import SETTINGS, application, scene

BODY = bytes(range(256)) * 400


async def opened(client, url):
    return await client.open(HttpRequest(url=url, method="GET"))


async def read(stream):
    try:
        return b"".join([piece async for piece in stream.pieces()])
    finally:
        stream.close()


async def slowly(request):
    response = web.StreamResponse(headers={"Content-Type": "audio/mpeg; x=1"})
    await response.prepare(request)
    for at in range(0, len(BODY), 10_000):
        await response.write(BODY[at : at + 10_000])
    return response


@scene(slowly)
async def test_a_body_of_unknown_length_is_read_as_it_comes(client, base):
    stream = await opened(client, base + "/radio")
    assert (stream.status, stream.content_type, stream.length) == (200, "audio/mpeg", None)
    assert await read(stream) == BODY


async def moved(request):
    if request.path == "/old":
        raise web.HTTPFound("/new")
    return web.Response(body=b"here")


@scene(moved)
async def test_redirects_are_followed_before_the_body(client, base):
    stream = await opened(client, base + "/old")
    assert stream.url == base + "/new"
    assert await read(stream) == b"here"


class Breaking:
    """Breaks off after each 30,000 bytes, and answers to ranges unless told not to."""

    def __init__(self, **headers):
        self.headers = headers
        self.asked = []

    async def answer(self, request):
        asked = request.headers.get("Range")
        self.asked.append((asked, request.headers.get("If-Range")))
        begin = int(asked.removeprefix("bytes=").rstrip("-")) if asked and "ETag" in self.headers else 0
        headers = {**self.headers, "Content-Length": str(len(BODY) - begin)}
        if begin:
            headers["Content-Range"] = f"bytes {begin}-{len(BODY) - 1}/{len(BODY)}"
        response = web.StreamResponse(status=206 if begin else 200, headers=headers)
        await response.prepare(request)
        await response.write(BODY[begin : begin + 30_000])
        if begin + 30_000 < len(BODY):
            request.transport.close()
        return response


def test_a_body_that_breaks_off_is_gone_on_with():
    server = Breaking(ETag='"1"')

    async def main():
        async with application(server.answer) as (client, base):
            assert await read(await opened(client, base + "/a")) == BODY

    asyncio.run(main())
    assert server.asked == [(None, None), *((f"bytes={at}-", '"1"') for at in (30_000, 60_000, 90_000))]


def test_a_body_without_a_validator_ends_where_it_breaks_off():
    async def main():
        async with application(Breaking().answer) as (client, base):
            await read(await opened(client, base + "/a"))

    with pytest.raises(OutboundError) as caught:
        asyncio.run(main())
    assert caught.value.fault is OutboundFault.PROTOCOL


async def silent(request):
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"x")
    await asyncio.sleep(10)
    return response


def test_a_server_that_goes_silent_is_given_up():
    async def main():
        async with application(silent) as (client, base):
            await read(await opened(client, base + "/a"))

    with pytest.raises(OutboundError) as caught:
        asyncio.run(main())
    assert caught.value.fault is OutboundFault.TIMEOUT


def test_addresses_that_may_not_be_requested_are_not():
    async def main():
        async with application(slowly, SETTINGS, Egress([])) as (client, base):
            await opened(client, base + "/a")

    with pytest.raises(OutboundError) as caught:
        asyncio.run(main())
    assert caught.value.fault is OutboundFault.FORBIDDEN
