"""``offhook ladder``: the SIP messages of a call as a ladder in the terminal, or as a picture or capture file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import aiohttp
import typer

from offhook.cli.api import Refused, ask
from offhook.cli.options import DataDir
from offhook.cli.ready import FILE_NAME, NotReady, read

_FORMATS = ("txt", "svg", "pcap")


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
        content = asyncio.run(ask(read(data_dir / FILE_NAME), "GET", f"Calls/{call_sid}/Signalling.{kind}"))
        if output is not None:
            output.write_bytes(content)
    except (NotReady, Refused, TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        typer.echo(f"offhook: {str(error) or 'the server did not answer in time'}", err=True)
        raise typer.Exit(1) from None
    if output is None:
        typer.echo(content.decode(), nl=False)
