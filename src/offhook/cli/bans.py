"""``offhook bans``: which sources SIP does not listen to, and an end to that."""

from __future__ import annotations

import asyncio
import ssl
from typing import Annotated, Any

import aiohttp
import typer

from offhook.cli.options import DataDir
from offhook.cli.ready import FILE_NAME, NotReady, Ready, read

_TIMEOUT = 10.0


class _Refused(Exception):
    """The server did not do it; the message says why."""


def bans(
    data_dir: DataDir,
    lift: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Listen to this source again.")] = None,
) -> None:
    """List the sources that are banned for guessing passwords, or lift a ban."""
    try:
        ready = read(data_dir / FILE_NAME)
        lines = asyncio.run(_listed(ready) if lift is None else _lifted(ready, lift))
    except (NotReady, _Refused, TimeoutError, aiohttp.ClientError, OSError) as error:
        typer.echo(f"offhook: {str(error) or 'the server did not answer in time'}", err=True)
        raise typer.Exit(1) from None
    for line in lines:
        typer.echo(line)


async def _listed(ready: Ready) -> list[str]:
    found = (await _ask(ready, "GET", PageSize="1000"))["bans"]
    if not found:
        return ["nobody is banned"]
    width = max(len(ban["source"]) for ban in found)
    return [
        f"{ban['source']:<{width}}  {ban['seconds_left']:>6} s left"
        + (f", banned {ban['times']} times" if ban["times"] > 1 else "")
        for ban in found
    ]


async def _lifted(ready: Ready, source: str) -> list[str]:
    await _ask(ready, "DELETE", Source=source)
    return [f"{source} is listened to again"]


async def _ask(ready: Ready, method: str, **query: str) -> Any:
    url = f"{ready.api}/2010-04-01/Accounts/{ready.account_sid}/Bans.json"
    context = ssl.create_default_context(cafile=ready.ca_file)
    headers = {"Authorization": aiohttp.encode_basic_auth(ready.account_sid, ready.auth_token)}
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT)
    async with (
        aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
        session.request(method, url, params=query, ssl=context) as response,
    ):
        if response.status >= 300:
            told = await response.json(content_type=None)
            raise _Refused(told.get("message", f"the server answered {response.status}"))
        return None if response.status == 204 else await response.json(content_type=None)
