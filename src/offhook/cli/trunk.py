"""``offhook trunk``: how the trunks of a running server are, and a test of one in plain words."""

from __future__ import annotations

import asyncio
import json
from enum import StrEnum
from typing import Annotated, Any

import aiohttp
import typer

from offhook.cli.api import Refused, ask
from offhook.cli.options import DataDir
from offhook.cli.ready import FILE_NAME, NotReady, Ready, read

NOT_FINE, NO_SERVER = 1, 2
TIMEOUT = 90.0
"""Seconds for one question to the server: a test looks at every gateway and may call."""


class What(StrEnum):
    """What to do."""

    LIST = "list"
    TEST = "test"


def trunk(
    what: Annotated[What, typer.Argument(help="list: how all are; test: look at one closely.")],
    data_dir: DataDir,
    name: Annotated[str, typer.Argument(help="Name or sid of the trunk to test.")] = "",
    to: Annotated[str, typer.Option(help="Number to call for the test; hung up as soon as it answers.")] = "",
    caller: Annotated[str, typer.Option("--from", help="Caller's number of that call.")] = "",
) -> None:
    """Show how the trunks of the running server are, or test one. Exit status 1 when something is wrong."""
    if what is What.TEST and not name:
        typer.echo("offhook: name the trunk to test, as `offhook trunk list` shows it", err=True)
        raise typer.Exit(NO_SERVER)
    try:
        ready = read(data_dir / FILE_NAME)
        if not ready.alive:
            raise NotReady(f"The server of {data_dir} is not running any more. Start it: offhook serve.")
        fine = asyncio.run(_list(ready) if what is What.LIST else _test(ready, name, to, caller))
    except NotReady as error:
        typer.echo(f"offhook: {error}", err=True)
        raise typer.Exit(NO_SERVER) from None
    raise typer.Exit(0 if fine else NOT_FINE)


async def _list(ready: Ready) -> bool:
    """Whether every gateway that is enabled is usable."""
    states = (await _ask(ready, "GET", "TrunkStates.json"))["trunk_states"]
    if not states:
        typer.echo("there are no trunks; make one with the API (Trunks) or in offhook.toml ([[trunks]])")
    for state in states:
        for line in lines(state):
            typer.echo(line)
    return all(state["state"] not in ("down", "resting") or not state["enabled"] for state in states)


def lines(state: dict[str, Any]) -> list[str]:
    """One gateway, for people."""
    word = state["state"] if state["enabled"] else "off"
    shown = [f"{word:<8} {state['trunk']:<16} {state['gateway']}  {state['calls']} calls"]
    if state["reason"]:
        shown.append(f"         {state['reason']}, since {state['since']}")
    if state["registration"]:
        because = f": {state['registration_reason']}" if state["registration_reason"] else ""
        shown.append(f"         registration {state['registration']}{because}")
    return shown


async def _test(ready: Ready, name: str, to: str, caller: str) -> bool:
    form = {"Trunk": name} | ({"To": to} if to else {}) | ({"From": caller} if caller else {})
    test = await _ask(ready, "POST", "TrunkTests.json", form)
    typer.echo(test["report"])
    return bool(test["fine"])


async def _ask(ready: Ready, method: str, path: str, form: dict[str, str] | None = None) -> Any:
    """The JSON that the server answers with. Raises ``NotReady`` with its words when it refuses or cannot be reached."""
    try:
        return json.loads(await ask(ready, method, path, seconds=TIMEOUT, form=form))
    except Refused as error:
        raise NotReady(str(error)) from error
    except (TimeoutError, aiohttp.ClientError, ValueError) as error:
        raise NotReady(f"The server cannot be asked: {str(error) or 'it does not answer in time'}.") from error
