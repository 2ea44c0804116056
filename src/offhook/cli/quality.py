"""``offhook quality``: what the line of a call is like, live or as it was at the end."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any, Final

import aiohttp
import typer

from offhook.cli.api import Refused, ask
from offhook.cli.options import DataDir
from offhook.cli.ready import FILE_NAME, NotReady, read

_ROWS: Final = (
    ("codec", "codec_received", "codec_sent", ""),
    ("packets", "packets_received", "packets_sent", ""),
    ("lost", "packets_lost", "far_lost", ""),
    ("late", "packets_late", None, ""),
    ("duplicate", "packets_duplicate", None, ""),
    ("refused", "packets_refused", None, ""),
    ("concealed", "concealed", None, " ms"),
    ("jitter", "jitter", "far_jitter", " ms"),
    ("buffer", "delay", None, " ms"),
    ("clock drift", "drift", None, " ppm"),
    ("R factor", "r_factor", "far_r_factor", ""),
    ("MOS", "mos", "far_mos", ""),
)


def quality(
    call_sid: Annotated[str, typer.Argument(help="Call, as the API and the log name it (CA…).")],
    data_dir: DataDir,
) -> None:
    """Show loss, jitter, delay and rating of a call, both ways."""
    try:
        content = asyncio.run(ask(read(data_dir / FILE_NAME), "GET", f"Calls/{call_sid}/Quality.json"))
    except (NotReady, Refused, TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        typer.echo(f"offhook: {str(error) or 'the server did not answer in time'}", err=True)
        raise typer.Exit(1) from None
    for line in table(json.loads(content)):
        typer.echo(line)


def table(figures: dict[str, Any]) -> list[str]:
    """The figures in two columns: what we hear, and what the far end hears."""
    lines = [f"{'':<12} {'we hear':>12} {'they hear':>12}   {'now' if figures['live'] else 'at the end'}"]
    for title, ours, theirs, unit in _ROWS:
        lines.append(f"{title:<12} {_shown(figures, ours, unit):>12} {_shown(figures, theirs, unit):>12}")
    lines.append(f"{'round trip':<12} {_shown(figures, 'round_trip', ' ms'):>12}")
    return lines


def _shown(figures: dict[str, Any], name: str | None, unit: str) -> str:
    value = None if name is None else figures[name]
    return "-" if value is None else f"{value}{unit}"
