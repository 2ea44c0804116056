"""The API of a running server, as the commands beside it ask it."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp

from offhook.cli.ready import Ready


class Refused(Exception):
    """The server did not do it; the message says why."""


@asynccontextmanager
async def asked(
    ready: Ready,
    method: str,
    path: str,
    *,
    timeout: aiohttp.ClientTimeout,
    query: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
) -> AsyncIterator[aiohttp.ClientResponse]:
    """The response to a request below the administrator's account, which still may be read as a stream.

    Raises ``aiohttp.ClientError`` and ``TimeoutError``.
    """
    url = f"{ready.api}/2010-04-01/Accounts/{ready.account_sid}/{path}"
    context = ssl.create_default_context(cafile=ready.ca_file)
    headers = {"Authorization": aiohttp.encode_basic_auth(ready.account_sid, ready.auth_token)}
    async with (
        aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
        session.request(method, url, params=query, data=form, ssl=context) as response,
    ):
        yield response


async def ask(
    ready: Ready,
    method: str,
    path: str,
    *,
    seconds: float = 10.0,
    query: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
) -> bytes:
    """What the server answers, within so many seconds.

    Raises ``Refused`` with its words, ``aiohttp.ClientError``, ``TimeoutError``, and ``ValueError`` for a refusal in none of its words.
    """
    timeout = aiohttp.ClientTimeout(total=seconds)
    async with asked(ready, method, path, timeout=timeout, query=query, form=form) as response:
        content = await response.read()
        if response.status >= 300:
            raise Refused(json.loads(content).get("message", f"the server answered {response.status}"))
        return content
