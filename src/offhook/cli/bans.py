"""``offhook bans``: which sources SIP does not listen to, and an end to that."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import aiohttp
import typer

from offhook.cli.api import Refused, ask
from offhook.cli.options import DataDir
from offhook.cli.ready import FILE_NAME, NotReady, Ready, read


def bans(
    data_dir: DataDir,
    lift: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Listen to this source again.")] = None,
) -> None:
    """List the sources that are banned for guessing passwords, or lift a ban."""
    try:
        ready = read(data_dir / FILE_NAME)
        lines = asyncio.run(_listed(ready) if lift is None else _lifted(ready, lift))
    except (NotReady, Refused, TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        typer.echo(f"offhook: {str(error) or 'the server did not answer in time'}", err=True)
        raise typer.Exit(1) from None
    for line in lines:
        typer.echo(line)


async def _listed(ready: Ready) -> list[str]:
    found = json.loads(await ask(ready, "GET", "Bans.json", query={"PageSize": "1000"}))["bans"]
    if not found:
        return ["nobody is banned"]
    width = max(len(ban["source"]) for ban in found)
    return [
        f"{ban['source']:<{width}}  {ban['seconds_left']:>6} s left"
        + (f", banned {ban['times']} times" if ban["times"] > 1 else "")
        for ban in found
    ]


async def _lifted(ready: Ready, source: str) -> list[str]:
    await ask(ready, "DELETE", "Bans.json", query={"Source": source})
    return [f"{source} is listened to again"]
