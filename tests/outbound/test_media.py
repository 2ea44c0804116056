import asyncio

import pytest

from offhook.outbound.http import HttpRequest, HttpResponse, OutboundError
from offhook.outbound.media import MediaFetcher


class Web:
    def __init__(self, **headers):
        self.asked, self.status, self.body = [], 200, b"RIFF"
        self.headers = {
            "content-type": "audio/wav",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }

    async def send(self, request):
        self.asked.append(request)
        return HttpResponse(url=request.url, status=self.status, headers=self.headers, body=self.body, elapsed=0.0)


class Time:
    now = 0.0

    def __call__(self):
        return self.now


def fetch(fetcher, url="http://a.example/x.wav", owner="AC1"):
    return asyncio.run(fetcher.fetch(HttpRequest(url=url, method="GET"), owner=owner))


def fetcher(web, *, cache=1000, time=None):
    return MediaFetcher(web, limit=500, cache=cache, monotonic=time or Time())


def test_audio_is_fetched_once_for_its_owner_while_it_is_fresh():
    web = Web(cache_control="public, max-age=100")
    time = Time()
    media = fetcher(web, time=time)
    assert fetch(media).data == b"RIFF"
    assert fetch(media).content_type == "audio/wav"
    assert len(web.asked) == 1
    assert web.asked[0].limit == 500
    fetch(media, owner="AC2")
    assert len(web.asked) == 2
    time.now = 101.0
    fetch(media)
    assert len(web.asked) == 3


def test_stale_audio_is_asked_for_by_its_tag_and_kept_when_unchanged():
    web = Web(cache_control="no-cache", etag='"1"', last_modified="yesterday")
    media = fetcher(web)
    fetch(media)
    web.status, web.body = 304, b""
    assert fetch(media).data == b"RIFF"
    assert web.asked[1].headers == {"If-None-Match": '"1"', "If-Modified-Since": "yesterday"}


def test_what_must_not_be_stored_is_not_and_memory_is_bounded():
    web = Web(cache_control="no-store")
    media = fetcher(web)
    fetch(media)
    fetch(media)
    assert len(web.asked) == 2
    web = Web()
    web.body = b"x" * 400
    media = fetcher(web, cache=1000)
    for name in ("a", "b", "a", "c", "a", "b"):
        fetch(media, url=f"http://a.example/{name}")
    assert [request.url[-1] for request in web.asked] == ["a", "b", "c", "b"]


def test_an_error_page_is_no_audio():
    web = Web()
    web.status = 404
    with pytest.raises(OutboundError, match="404"):
        fetch(fetcher(web))
