"""A sound on its way: kept when all of it came, closed whatever happens."""

from __future__ import annotations

import asyncio

import pytest

from offhook.rcml.download import Download
from offhook.rcml.errors import VerbFailed
from tests.support.caller import WebStream, answer


def a_download(kept: list[bytes], limit: int = 10_000, **headers: str) -> tuple[Download, WebStream]:
    stream = WebStream(answer(b"x" * 5000, kind="audio/mpeg", **headers))
    return Download(stream, name="http://a.test/x", limit=limit, keep=kept.append), stream


async def read(download: Download) -> bytes:
    return b"".join([piece async for piece in download.pieces()])


def test_all_of_it_is_handed_over_kept_and_closed():
    kept: list[bytes] = []
    download, stream = a_download(kept)
    assert asyncio.run(read(download)) == b"x" * 5000
    assert kept == [b"x" * 5000]
    assert stream.closed
    assert download.closed


def test_what_is_too_large_to_be_kept_is_heard_all_the_same():
    kept: list[bytes] = []
    download, _ = a_download(kept, limit=4000)
    assert asyncio.run(read(download)) == b"x" * 5000
    assert not kept


def test_what_breaks_off_is_told_by_name_and_not_kept():
    kept: list[bytes] = []
    download, stream = a_download(kept, broken="yes")
    with pytest.raises(VerbFailed, match="http://a.test/x could not be fetched: app.test broke off"):
        asyncio.run(read(download))
    assert not kept
    assert stream.closed


def test_the_whole_of_it_says_what_it_is():
    download, _ = a_download([])
    whole = asyncio.run(download.whole())
    assert (whole.data, whole.name, whole.stated) == (b"x" * 5000, "http://a.test/x", "audio/mpeg")
