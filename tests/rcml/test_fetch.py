"""Requests to the application: what they carry, and how their answers are read."""

from __future__ import annotations

from pathlib import Path

from offhook.outbound.http import HttpRequest, HttpResponse
from offhook.security.masked import Secret
from offhook.security.signatures import is_valid
from tests.support.caller import ACCOUNT, CALL, ORIGIN, TOKEN, answer, caller, wav
from tests.support.virtual_loop import run


def test_a_request_carries_the_standard_parameters_and_a_valid_signature():
    async def call() -> HttpRequest:
        async with caller("<Response/>") as c:
            await c.app_was_asked("/", CallSid=CALL, AccountSid=ACCOUNT, From="+14155550100", CallStatus="ringing")
            (event,) = c.asked
            assert (event.url, event.method, event.status, event.content_type) == (
                f"{ORIGIN}/",
                "POST",
                200,
                "text/xml",
            )
            return c.web.requests[0]

    request = run(call())
    assert request.signer is not None
    headers = request.signer(request.url, request.form)
    assert is_valid(request.url, request.form, headers["X-Twilio-Signature"], Secret(TOKEN))


def test_relative_urls_are_relative_to_the_last_document():
    pages = {
        "/a/one": "<Response><Redirect method='GET'>b/two</Redirect></Response>",
        "/a/b/two": "<Response><Play>three.wav</Play><Gather action='?x=1' numDigits='1'/></Response>",
        "/a/b/three.wav": wav("three"),
    }

    async def call():
        async with caller(pages, app="/a/one") as c:
            await c.hears("three")
            await c.waits(1)
            c.presses("1")
            await c.waits(0.1)
            assert [(r.method, r.url.removeprefix(ORIGIN)) for r in c.web.requests[:4]] == [
                ("POST", "/a/one"),
                ("GET", "/a/b/two"),
                ("GET", "/a/b/three.wav"),
                ("POST", "/a/b/two?x=1"),
            ]

    run(call())


def test_the_cookies_of_a_call_are_one_jar():
    async def call():
        async with caller("<Response><Redirect>/two</Redirect></Response>") as c:
            await c.is_over()
            first, second = c.web.requests
            assert first.cookies is second.cookies
            assert first.cookies is not None

    run(call())


def test_plain_text_is_spoken_and_a_sound_is_played_without_asking_twice():
    async def text():
        async with caller({"/": answer("Good morning", kind="text/plain; charset=utf-8")}) as c:
            await c.hears("Good morning")

    async def sound():
        async with caller({"/": wav("tune")}) as c:
            await c.hears("tune")
            await c.is_over()
            assert len(c.web.requests) == 1

    run(text())
    run(sound())


def test_the_charset_of_the_answer_counts():
    async def call():
        body = "<Response><Say>Grüße</Say></Response>".encode("latin-1")
        async with caller({"/": answer(body, kind='text/xml; charset="ISO-8859-1"')}) as c:
            await c.hears("Grüße")

    run(call())


def test_an_answer_without_type_that_looks_like_xml_is_read():
    async def call():
        async with caller({"/": answer("<Response><Say>Hi</Say></Response>", kind="")}) as c:
            await c.hears("Hi")

    run(call())


def test_get_requests_are_get():
    async def call():
        async with caller("<Response/>", method="GET") as c:
            await c.app_was_asked("/")
            assert c.web.requests[0].method == "GET"

    run(call())


def test_a_notification_repeats_what_the_application_answered():
    async def call():
        async with caller(
            {"/": HttpResponse(url="", status=502, headers={"server": "x"}, body=b"oops", elapsed=0.1)}
        ) as c:
            await c.is_over()
            (notice,) = c.notices
            assert (notice.response_body, notice.response_headers) == ("oops", "server: x")

    run(call())


def test_a_password_in_a_url_is_used_and_never_stored():
    async def call():
        async with caller({"/a": answer("", status=500)}, app="http://me:secret@app.test/a") as c:
            await c.is_over()
            assert c.web.requests[0].url == "http://me:secret@app.test/a"
            assert "secret" not in repr(c.events)

    run(call())


def test_a_recording_of_the_account_is_played_from_disk():
    async def own(account_sid: str, url: str) -> Path | None:
        assert account_sid == ACCOUNT
        return Path("/recordings/mine.wav") if url == f"{ORIGIN}/mine" else None

    async def call():
        async with caller({"/": "<Response><Play>/mine</Play></Response>"}, own_recording=own) as c:
            await c.hears("AudioFile")
            assert len(c.web.requests) == 1

    run(call())
