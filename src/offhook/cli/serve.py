"""``offhook serve``: the server, until SIGTERM or SIGINT; calls in progress may then finish."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import structlog
import typer
import uvloop

from offhook.cli.options import DataDir, address_or_exit, settings_or_exit
from offhook.cli.ready import FILE_NAME, Ready
from offhook.config import Settings
from offhook.node import Node, StartFailed
from offhook.ops.logging import configure

log = structlog.get_logger(__name__)

_COLLECTIONS = (10_000, 10, 10)
"""New objects before the youngest are looked through, and how many such rounds before the older ones are."""

CREDENTIALS = """The administrator's account was made. These credentials of the API are shown this once:

    account sid  {sid}
    auth token   {token}
"""


def serve(
    data_dir: DataDir,
    http: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="HTTPS for the API [127.0.0.1:8443].")] = None,
    sip: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="SIP, UDP and TCP [127.0.0.1:5060].")] = None,
    advertise: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Address that SIP and SDP carry.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="PEM certificate chain for HTTPS.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its PEM private key.")] = None,
    ready_file: Annotated[Path | None, typer.Option(help="Written once everything listens.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error [info].")] = None,
) -> None:
    """Start the server. Every setting can also be an OFFHOOK_ variable or stand in offhook.toml in the data directory."""
    host, port = address_or_exit("--http", http)
    flags = {
        "api.host": host,
        "api.port": port,
        "api.tls_cert": tls_cert,
        "api.tls_key": tls_key,
        "sip.listen": sip,
        "sip.advertise": advertise,
        "log.level": log_level,
    }
    settings = settings_or_exit(data_dir, flags)
    if ready_file is not None and not os.access(ready_file.parent, os.W_OK):
        typer.echo(f"offhook: --ready-file: {ready_file.parent} is no folder that can be written", err=True)
        raise typer.Exit(2)
    configure(settings.log)
    ready_files = [settings.data_dir / FILE_NAME, *([ready_file] if ready_file else [])]
    try:
        uvloop.run(_serve(settings, ready_files))
    except StartFailed as failure:
        typer.echo(f"offhook: {failure}", err=True)
        raise typer.Exit(1) from None


async def _serve(settings: Settings, ready_files: list[Path]) -> None:
    async with Node(settings) as node:
        if node.administrator.first_start:
            typer.echo(CREDENTIALS.format(sid=node.administrator.sid, token=node.administrator.auth_token.reveal()))
        _settle_memory()
        with _announced(node, ready_files):
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, stop.set)
            loop.add_signal_handler(signal.SIGUSR1, _log_holdings, node)
            loop.add_signal_handler(signal.SIGHUP, node.tls.renew)
            await stop.wait()
            # A second signal ends it at once, in the way the system does.
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)
            await node.drain()
    log.info("stopped")


def _settle_memory() -> None:
    """Take what the start has made out of the garbage collector's rounds, and make the rounds rarer.

    Calls leave next to no cycles behind, but with the default thresholds the collector would walk through every module
    several times a second under load: a tenth of the server's time, and pauses that callers hear of.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTIONS)


def _log_holdings(node: Node) -> None:
    """How much the server holds at present: calls, dialogs, transactions, media sessions, tasks."""
    log.info("holdings", **{name.replace(" ", "_"): size for name, size in node.leftovers().items()})


@contextlib.contextmanager
def _announced(node: Node, ready_files: list[Path]) -> Iterator[None]:
    """The ready files exist exactly as long as the server takes calls."""
    ready = Ready(
        api=node.api_url,
        ca_file=str(node.tls.ca_file),
        sip=node.sip_addresses,
        account_sid=node.administrator.sid,
        auth_token=node.administrator.auth_token.reveal(),
        pid=os.getpid(),
    )
    for path in ready_files:
        ready.write(path)
    log.info("ready", api=ready.api, sip=ready.sip)
    try:
        yield
    finally:
        for path in ready_files:
            path.unlink(missing_ok=True)
