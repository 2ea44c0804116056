import asyncio
import gzip
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web
from twilio.request_validator import RequestValidator

from offhook.outbound.client import HttpClient
from offhook.outbound.http import HttpRequest, OutboundError, OutboundFault
from offhook.outbound.settings import OutboundSettings
from offhook.security.egress import Egress
from offhook.security.masked import Secret
from offhook.security.signatures import signer

SETTINGS = OutboundSettings(connect=2, read=2, total=2)
LOOPBACK = Egress(["127.0.0.0/8"])


@asynccontextmanager
async def application(handler, settings=SETTINGS, egress=LOOPBACK):
    """A web application and a client; yields the client and the application's base URL."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    await web.TCPSite(runner, "127.0.0.2", port).start()
    try:
        async with HttpClient(settings, egress, user_agent="offhook/test") as client:
            yield client, f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


def scene(handler, **options):
    def decorate(test):
        async def play():
            async with application(handler, **options) as (client, base):
                await test(client, base)

        return lambda: asyncio.run(play())

    return decorate


async def echo(request):
    form = await request.post()
    seen = {
        "method": request.method, "path": request.path_qs, "form": list(form.items()),
        "headers": {name.lower(): value for name, value in request.headers.items()},
    }  # fmt: skip
    return web.json_response(seen, headers={"X-Seen": "yes"})


def fault(test):
    with pytest.raises(OutboundError) as raised:
        asyncio.run(test)
    return raised.value


async def failing(handler, url, *, path=True, settings=SETTINGS, egress=LOOPBACK, **changes):
    async with application(handler, settings, egress) as (client, base):
        await client.send(HttpRequest(url=base + url if path else url, **changes))


def test_a_form_is_posted_and_the_answer_comes_back():
    @scene(echo)
    async def check(client, base):
        form = (("To", "+1 400"), ("Says", "zoë & co"), ("Twice", "1"), ("Twice", "2"))
        response = await client.send(HttpRequest(url=f"{base}/voice?x=1#rc=2", form=form))
        import json

        seen = json.loads(response.body)
        assert (seen["method"], seen["path"]) == ("POST", "/voice?x=1")
        assert [tuple(pair) for pair in seen["form"]] == list(form)
        assert seen["headers"]["user-agent"] == "offhook/test"
        assert len(seen["headers"]["i-twilio-idempotency-token"]) == 36
        assert (response.status, response.headers["x-seen"], response.content_type) == (200, "yes", "application/json")
        assert response.url == f"{base}/voice?x=1"

    check()


def test_get_carries_the_form_in_its_query_and_credentials_become_basic_auth():
    @scene(echo)
    async def check(client, base):
        url = base.replace("http://", "http://al%40ice:s%3Acret@") + "/voice?x=1"
        response = await client.send(HttpRequest(url=url, method="GET", form=(("To", "+1"),)))
        import json

        seen = json.loads(response.body)
        assert seen["path"] == "/voice?x=1&To=%2B1"
        assert seen["headers"]["authorization"] == "Basic YWxAaWNlOnM6Y3JldA=="
        assert "s%3Acret" not in response.url

    check()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_hop_of_a_redirect_is_signed_so_that_the_applications_validator_accepts_it(method):
    verdicts = []

    async def handler(request):
        form = await request.post()
        ok = RequestValidator("12345").validate(str(request.url), form, request.headers["X-Twilio-Signature"])
        verdicts.append((request.method, ok))
        if request.path != "/end":
            raise web.HTTPFound("/end?y=2") if request.path == "/a" else web.HTTPSeeOther("/a")
        return web.Response(text="done")

    @scene(handler)
    async def check(client, base):
        request = HttpRequest(url=f"{base}/b", method=method, form=(("To", "+1"),), signer=signer(Secret("12345")))
        response = await client.send(request)
        assert response.body == b"done"
        later = "GET"
        assert verdicts == [(method, True), (later, True), (later, True)]

    check()


def test_a_redirect_repeats_the_form_and_tells_another_origin_no_password():
    seen = []

    async def handler(request):
        seen.append((request.method, dict(await request.post()), request.headers.get("Authorization")))
        if request.path == "/1":
            raise web.HTTPTemporaryRedirect("/2")
        if request.path == "/2":
            raise web.HTTPPermanentRedirect(str(request.url.with_host("127.0.0.2").with_path("/3")))
        return web.Response()

    async def play():
        async with application(handler) as (client, base):
            response = await client.send(HttpRequest(url=base.replace("//", "//u:p@") + "/1", form=(("A", "1"),)))
            assert response.status == 200
        assert [(method, form) for method, form, _ in seen] == [("POST", {"A": "1"})] * 3
        assert [auth is not None for _, _, auth in seen] == [True, True, False]

    asyncio.run(play())


async def redirecting(request):
    return web.Response(status=302, headers={"Location": request.query.get("to", "/again")})


def test_endless_redirects_are_given_up():
    assert fault(failing(redirecting, "/")).fault is OutboundFault.REDIRECTS


@pytest.mark.parametrize(
    "to",
    [
        "http://169.254.169.254/latest",
        "http://10.1.2.3/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://localhost.localdomain:1/",
    ],
)
def test_a_redirect_cannot_lead_to_where_requests_may_not_go(to):
    narrow = Egress(["127.0.0.1/32"])
    found = fault(failing(redirecting, f"/?to={to}", egress=narrow, settings=replace(SETTINGS, connect=1)))
    assert found.fault in (OutboundFault.FORBIDDEN, OutboundFault.CONNECT, OutboundFault.DNS)
    if "localhost" not in to:
        assert found.fault is OutboundFault.FORBIDDEN
        assert "egress.allow" in str(found)


def test_a_name_that_resolves_to_a_forbidden_address_is_refused_after_resolution():
    found = fault(failing(echo, "http://localhost:9/", path=False, egress=Egress()))
    assert found.fault is OutboundFault.FORBIDDEN
    assert "loopback" in str(found) or "global unicast" in str(found)


@pytest.mark.parametrize("to", ["file:///etc/passwd", "http://[bad/", "gopher://x/", "//:99999/"])
def test_a_redirect_to_no_web_url_is_refused(to):
    assert fault(failing(redirecting, f"/?to={to}")).fault is OutboundFault.BAD_URL


@pytest.mark.parametrize(
    "url",
    [
        "",
        "voice.xml",
        "ftp://a/b",
        "http://",
        "http://a:b:c/",
        "http://[::1",
        "http://a:99999/",
        "javascript:alert(1)",
        "http://\udc80/",
    ],
)
def test_what_is_no_web_url_is_refused_with_our_own_error(url):
    assert fault(failing(echo, url, path=False)).fault in (OutboundFault.BAD_URL, OutboundFault.DNS)


def test_nobody_listening_and_no_such_name_are_told_apart():
    assert fault(failing(echo, "http://127.0.0.1:1/", path=False)).fault is OutboundFault.CONNECT
    assert fault(failing(echo, "http://no-such-name.invalid/", path=False)).fault is OutboundFault.DNS


async def endless(request):
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(1000):
        await response.write(b"x" * 1000)
    return response


async def bomb(request):
    return web.Response(body=gzip.compress(b"0" * 50_000_000), headers={"Content-Encoding": "gzip"})


@pytest.mark.parametrize("handler", [endless, bomb])
def test_an_answer_that_is_too_large_is_cut_off_also_when_it_is_packed_small(handler):
    assert fault(failing(handler, "/")).fault is OutboundFault.TOO_LARGE


def test_a_packed_answer_is_unpacked():
    async def handler(request):
        return web.Response(body=gzip.compress(b"<Response/>"), headers={"Content-Encoding": "gzip"})

    @scene(handler)
    async def check(client, base):
        assert (await client.send(HttpRequest(url=base))).body == b"<Response/>"

    check()


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_an_answer_that_cannot_be_unpacked_is_a_protocol_fault(encoding):
    async def handler(request):
        return web.Response(body=b"not packed", headers={"Content-Encoding": encoding})

    assert fault(failing(handler, "/")).fault is OutboundFault.PROTOCOL


async def silent(request):
    await asyncio.sleep(5)
    return web.Response()


def test_a_silent_application_is_given_up_in_time_by_settings_request_or_fragment():
    for url, changes in (("/#rt=100", {}), ("/#tt=100", {}), ("/", {"timeout": 0.1})):
        assert fault(failing(silent, url, **changes)).fault is OutboundFault.TIMEOUT


def test_the_fragment_asks_for_retries_on_server_errors_and_all_carry_one_token():
    tokens = []

    async def handler(request):
        tokens.append(request.headers["I-Twilio-Idempotency-Token"])
        return web.Response(status=503 if len(tokens) < 3 else 200)

    @scene(handler)
    async def check(client, base):
        assert (await client.send(HttpRequest(url=f"{base}/#rc=3&rp=5xx"))).status == 200
        assert len(tokens) == 3
        assert len(set(tokens)) == 1
        tokens.clear()
        assert (await client.send(HttpRequest(url=f"{base}/"))).status == 503

    check()


def test_cookies_are_kept_for_the_call_and_told_to_their_host_only():
    seen = []

    async def handler(request):
        seen.append(request.headers.get("Cookie"))
        response = web.Response()
        response.set_cookie("s", "1")
        for number in range(100):
            response.set_cookie(f"n{number}", "x")
        return response

    @scene(handler)
    async def check(client, base):
        jar = {"elsewhere.example s": "secret"}
        await client.send(HttpRequest(url=base, cookies=jar))
        await client.send(HttpRequest(url=base, cookies=jar))
        assert seen[0] is None
        assert "s=1" in seen[1]
        assert "secret" not in seen[1]
        assert len(jar) == 50

    check()


async def raw_server(answer, times=None):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\x01\x02",
        b"HTTP/9.9 banana\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 100_000 + b"\r\n",
    ],
)
def test_bytes_that_are_no_http_are_a_protocol_fault(answer):
    async def play():
        server = await raw_server(answer)
        async with server, HttpClient(SETTINGS, LOOPBACK, user_agent="t") as client:
            with pytest.raises(OutboundError) as raised:
                await client.send(HttpRequest(url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))
            assert raised.value.fault is OutboundFault.PROTOCOL

    asyncio.run(play())


def test_a_kept_connection_that_the_server_has_closed_is_replaced():
    connections = 0

    async def play():
        async def serve(reader, writer):
            nonlocal connections
            connections += 1
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            if connections == 1:
                await reader.readuntil(b"\r\n\r\n")  # the next request comes, and gets no answer
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server, HttpClient(SETTINGS, LOOPBACK, user_agent="t") as client:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            for _ in range(2):
                assert (await client.send(HttpRequest(url=url))).status == 200
        assert connections == 2

    asyncio.run(play())


def test_a_server_without_a_trusted_certificate_is_a_tls_fault(tmp_path):
    import ssl
    import subprocess

    key, certificate = tmp_path / "k.pem", tmp_path / "c.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip

    async def play(settings):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)

        async def serve(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        async with server, HttpClient(settings, LOOPBACK, user_agent="t") as client:
            return await client.send(HttpRequest(url=f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))

    with pytest.raises(OutboundError) as raised:
        asyncio.run(play(SETTINGS))
    assert raised.value.fault is OutboundFault.TLS
    assert asyncio.run(play(replace(SETTINGS, ca_file=str(certificate)))).status == 204
