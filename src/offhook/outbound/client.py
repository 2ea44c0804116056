"""The HTTP client for tenants' URLs: one pool, guarded at every connect, with redirects followed and signed anew."""

from __future__ import annotations

import asyncio
import ssl
import time
import zlib
from collections.abc import Mapping
from dataclasses import replace
from http.cookies import CookieError
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlencode
from uuid import uuid4

import aiohttp
from yarl import URL

from offhook.outbound.guard import Refused, guarded_sockets
from offhook.outbound.http import HttpRequest, HttpResponse, OutboundError, OutboundFault
from offhook.outbound.settings import OutboundSettings
from offhook.outbound.streaming import HttpStream
from offhook.outbound.target import Target, parse
from offhook.security.egress import Egress

IDEMPOTENCY_HEADER: Final = "I-Twilio-Idempotency-Token"
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PLAIN: Final = frozenset({"", "identity"})
_PACKED: Final = frozenset({"gzip", "x-gzip", "deflate"})
_COOKIES: Final = 50
"""Cookies kept per jar; more are not taken."""
_COOKIE: Final = 4096
"""Characters of one cookie."""


class HttpClient:
    """Sends requests. An async context manager: node.py opens it, and closes it last."""

    def __init__(self, settings: OutboundSettings, egress: Egress, *, user_agent: str) -> None:
        self._settings = settings
        self._egress = egress
        self._headers = {"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": "identity"}
        self._session: aiohttp.ClientSession | None = None
        self._streams: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        trust = ssl.create_default_context()
        if self._settings.ca_file:
            trust.load_verify_locations(self._settings.ca_file)
        # Apart, so that those who listen to streams take no connection from those who wait for a document.
        self._session, self._streams = self._opened_session(trust), self._opened_session(trust)
        return self

    def _opened_session(self, trust: ssl.SSLContext) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=self._settings.connections,
            limit_per_host=self._settings.connections_per_host,
            keepalive_timeout=self._settings.keep_alive,
            ttl_dns_cache=30,
            ssl=trust,
            socket_factory=guarded_sockets(self._egress),
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            headers=self._headers,
        )

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in (self._session, self._streams):
            if session is not None:
                await session.close()
        self._session = self._streams = None

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The response, redirects followed and retries made. Raises ``OutboundError``; a 4xx or 5xx is a response."""
        started = time.monotonic()
        target = parse(request.url)
        wanted = target.overrides
        total = request.timeout or wanted.total or self._settings.total
        token = request.headers.get(IDEMPOTENCY_HEADER) or str(uuid4())
        try:
            async with asyncio.timeout(total):
                for left in range(wanted.retries, -1, -1):
                    try:
                        response = await self._follow(request, target, token, started)
                    except OutboundError as error:
                        if left == 0 or not _retried(error.fault, wanted.retry_on):
                            raise
                        continue
                    if left == 0 or f"{response.status // 100}xx" not in wanted.retry_on:
                        return response
        except TimeoutError as error:
            raise OutboundError(
                OutboundFault.TIMEOUT, f"{target.origin} did not answer within {total:g} seconds."
            ) from error
        raise AssertionError("the last attempt returns or raises")

    async def open(self, request: HttpRequest) -> HttpStream:
        """The response to a GET as soon as its headers are there, redirects followed; its body has no limit of size or time.

        Raises ``OutboundError``. Close what is returned.
        """
        first = parse(request.url)
        token = request.headers.get(IDEMPOTENCY_HEADER) or str(uuid4())
        answer, target = await self._opened(request, first, token)

        async def again(headers: Mapping[str, str]) -> aiohttp.ClientResponse:
            more = replace(request, url=target.url, headers={**request.headers, **headers})
            return (await self._opened(more, target, token))[0]

        if answer.headers.get("Content-Encoding", "").strip().lower() not in _PLAIN:
            answer.close()
            raise OutboundError(OutboundFault.PROTOCOL, f"{target.origin} packed its response.")
        return HttpStream(
            answer,
            url=target.url,
            origin=target.origin,
            again=again,
            explained=lambda error: _explained(error, target),
        )

    async def _opened(self, request: HttpRequest, first: Target, token: str) -> tuple[aiohttp.ClientResponse, Target]:
        """The response at the end of all redirects, its body unread."""
        if self._streams is None:
            raise RuntimeError("the client is not open")
        target, total = first, request.timeout or first.overrides.total or self._settings.total
        try:
            async with asyncio.timeout(total):
                for _ in range(self._settings.redirects + 1):
                    headers = self._request_headers(request, target.url, (), target, first, token)
                    answer = await self._sent("GET", target.url, headers, None, target, self._streams)
                    location = answer.headers.get("Location") if answer.status in _REDIRECTS else None
                    if request.cookies is not None:
                        _keep_cookies(request.cookies, target.host, answer)
                    if location is None:
                        return answer, target
                    answer.close()
                    target = _redirected(target, target.url, location)
        except TimeoutError as error:
            raise OutboundError(
                OutboundFault.TIMEOUT, f"{target.origin} did not answer within {total:g} seconds."
            ) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _explained(error, target) from error
        raise _endless(first, self._settings.redirects)

    async def _follow(self, request: HttpRequest, target: Target, token: str, started: float) -> HttpResponse:
        method, first = request.method.upper(), target
        for _ in range(self._settings.redirects + 1):
            url = target.with_query(request.form) if method == "GET" else target.url
            response, location = await self._exchange(request, method, url, target, first, token, started)
            if location is None:
                return response
            if response.status == 303:
                method = "GET"
            target = _redirected(target, url, location)
        raise _endless(first, self._settings.redirects)

    async def _exchange(
        self, request: HttpRequest, method: str, url: str, target: Target, first: Target, token: str, started: float
    ) -> tuple[HttpResponse, str | None]:
        """One request and its response, and where that redirects to."""
        if self._session is None:
            raise RuntimeError("the client is not open")
        form = () if method == "GET" else request.form
        headers = self._request_headers(request, url, form, target, first, token)
        body = None
        if method != "GET":
            body = urlencode(form, errors="replace").encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
        try:
            answer = await self._sent(method, url, headers, body, target, self._session)
            async with answer:
                location = answer.headers.get("Location") if answer.status in _REDIRECTS else None
                if request.cookies is not None:
                    _keep_cookies(request.cookies, target.host, answer)
                data = b"" if location else await _read(answer, request.limit, target)
                found = {name.lower(): value for name, value in answer.headers.items()}
        except TimeoutError as error:
            raise OutboundError(OutboundFault.TIMEOUT, f"{target.origin} went silent.") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _explained(error, target) from error
        elapsed = time.monotonic() - started
        return HttpResponse(url=url, status=answer.status, headers=found, body=data, elapsed=elapsed), location

    async def _sent(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        target: Target,
        session: aiohttp.ClientSession,
    ) -> aiohttp.ClientResponse:
        wanted = target.overrides
        timeout = aiohttp.ClientTimeout(
            total=None,
            connect=wanted.connect or self._settings.connect,
            sock_read=wanted.read or self._settings.read,
        )
        where = URL(url, encoded=True)
        for again in (True, False):
            try:
                return await session.request(
                    method, where, headers=headers, data=body, allow_redirects=False, timeout=timeout
                )
            except aiohttp.ServerDisconnectedError:
                # A kept connection may be closed by the server while we write; the token makes a repetition harmless.
                if not again:
                    raise
        raise AssertionError("the second attempt returns or raises")

    def _request_headers(
        self,
        request: HttpRequest,
        url: str,
        form: tuple[tuple[str, str], ...],
        target: Target,
        first: Target,
        token: str,
    ) -> dict[str, str]:
        headers = {IDEMPOTENCY_HEADER: token, **request.headers}
        if target.origin != first.origin:
            headers = {
                name: value for name, value in headers.items() if name.lower() not in ("authorization", "cookie")
            }
        if target.auth is not None:
            headers["Authorization"] = target.auth
        elif first.auth is not None and target.origin == first.origin:
            headers["Authorization"] = first.auth
        if request.cookies:
            prefix = f"{target.host} "
            pairs = [
                f"{key[len(prefix) :]}={value}" for key, value in request.cookies.items() if key.startswith(prefix)
            ]
            if pairs:
                headers["Cookie"] = "; ".join(pairs)
        if request.signer is not None:
            headers.update(request.signer(url, form))
        return headers


def _redirected(target: Target, url: str, location: str) -> Target:
    try:
        return parse(str(URL(url, encoded=True).join(URL(location))))
    except ValueError as error:
        raise OutboundError(
            OutboundFault.BAD_URL, f"{target.origin} redirects to {location[:200]!r}, which is not a URL."
        ) from error


def _endless(first: Target, redirects: int) -> OutboundError:
    return OutboundError(OutboundFault.REDIRECTS, f"{first.origin} redirected more than {redirects} times.")


def _retried(fault: OutboundFault, kinds: frozenset[str]) -> bool:
    match fault:
        case OutboundFault.DNS | OutboundFault.CONNECT | OutboundFault.TLS:
            return "ct" in kinds
        case OutboundFault.TIMEOUT | OutboundFault.PROTOCOL:
            return "rt" in kinds
        case _:
            return False


async def _read(answer: aiohttp.ClientResponse, limit: int, target: Target) -> bytes:
    """The body, unpacked; never more than ``limit`` bytes of it in memory, however small it arrived."""
    encoding = answer.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in _PLAIN and encoding not in _PACKED:
        raise OutboundError(OutboundFault.PROTOCOL, f"{target.origin} packed its response as {encoding[:40]!r}.")
    unpacker = None if encoding in _PLAIN else zlib.decompressobj(wbits=47)
    pieces: list[bytes] = []
    size = 0
    async for piece in answer.content.iter_any():
        try:
            data = piece if unpacker is None else unpacker.decompress(piece, limit + 1 - size)
        except zlib.error as error:
            raise OutboundError(OutboundFault.PROTOCOL, f"{target.origin} sent a damaged response.") from error
        size += len(data)
        if size > limit:
            raise OutboundError(
                OutboundFault.TOO_LARGE, f"The response of {target.origin} is larger than {limit} bytes."
            )
        pieces.append(data)
    return b"".join(pieces)


def _keep_cookies(jar: dict[str, str], host: str, answer: aiohttp.ClientResponse) -> None:
    """Keys are host and name, so that no other host is told."""
    try:
        given = answer.cookies
    except CookieError:
        return
    for name, cookie in given.items():
        key = f"{host} {name}"
        if cookie["max-age"] == "0":
            jar.pop(key, None)
        elif len(name) + len(cookie.coded_value) <= _COOKIE and (key in jar or len(jar) < _COOKIES):
            jar[key] = cookie.coded_value


def _explained(error: Exception, target: Target) -> OutboundError:
    """The fault and a sentence for the application's author."""
    match error:
        case OutboundError():
            return error
        case TimeoutError():
            return OutboundError(OutboundFault.TIMEOUT, f"{target.origin} went silent.")
        case aiohttp.ClientConnectorDNSError():
            return OutboundError(OutboundFault.DNS, f"The name {target.host} cannot be resolved.")
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return OutboundError(OutboundFault.TLS, f"No trusted TLS connection to {target.origin}: {error}.")
        case aiohttp.ClientConnectorError(os_error=Refused() as refused):
            return OutboundError(
                OutboundFault.FORBIDDEN,
                f"{target.host} ({refused.address}) may not be requested: {refused.reason}. "
                "The operator can allow its network in egress.allow.",
            )
        case aiohttp.ClientConnectorError():
            reason = error.os_error.strerror or str(error.os_error)
            return OutboundError(OutboundFault.CONNECT, f"No connection to {target.origin}: {reason}.")
        case aiohttp.InvalidURL():
            return OutboundError(OutboundFault.BAD_URL, f"{target.url[:200]!r} is not a URL.")
        case _:
            return OutboundError(
                OutboundFault.PROTOCOL,
                f"{target.origin} broke off or sent no valid HTTP: {str(error) or type(error).__name__}.",
            )
