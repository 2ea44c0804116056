"""``offhook ladder``: the SIP messages of a call as a ladder in the terminal, or as a picture or capture file."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Annotated

import aiohttp
import typer

from offhook.cli.options import DataDir
from offhook.cli.ready import FILE_NAME, NotReady, Ready, read

_TIMEOUT = 10.0
_FORMATS = ("txt", "svg", "pcap")


class _Refused(Exception):
    """The server has no ladder for us; the message says why."""


def ladder(
    call_sid: Annotated[str, typer.Argument(help="Call, as the API and the log name it (CA…).")],
    data_dir: DataDir,
    output: Annotated[
        Path | None, typer.Option(help="File to write instead; its ending chooses: .txt, .svg or .pcap.")
    ] = None,
) -> None:
    """Show who sent what to whom, when, in a call."""
    kind = "txt" if output is None else output.suffix.lstrip(".").lower()
    if kind not in _FORMATS:
        typer.echo(f"offhook: --output: {output} must end in .txt, .svg or .pcap", err=True)
        raise typer.Exit(2)
    try:
        content = asyncio.run(_fetch(read(data_dir / FILE_NAME), call_sid, kind))
        if output is not None:
            output.write_bytes(content)
    except (NotReady, _Refused, TimeoutError, aiohttp.ClientError, OSError) as error:
        typer.echo(f"offhook: {str(error) or 'the server did not answer in time'}", err=True)
        raise typer.Exit(1) from None
    if output is None:
        typer.echo(content.decode(), nl=False)


async def _fetch(ready: Ready, call_sid: str, kind: str) -> bytes:
    url = f"{ready.api}/2010-04-01/Accounts/{ready.account_sid}/Calls/{call_sid}/Signalling.{kind}"
    context = ssl.create_default_context(cafile=ready.ca_file)
    headers = {"Authorization": aiohttp.encode_basic_auth(ready.account_sid, ready.auth_token)}
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT)
    async with (
        aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
        session.get(url, ssl=context) as response,
    ):
        if response.status != 200:
            told = await response.json(content_type=None)
            raise _Refused(told.get("message", f"the server answered {response.status}"))
        return await response.read()
