"""The doctor's look at trunks: tested by the server that runs, else by sockets of its own. All at once, within a time."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any, Final

import aiohttp

from offhook.calls.legs.ping import Pinging
from offhook.calls.legs.trial import Trial
from offhook.calls.trunks.book import TrunkBook
from offhook.calls.trunks.findings import Finding, report
from offhook.calls.trunks.live import Trunks
from offhook.calls.trunks.trunk import Trunk
from offhook.cli.api import Refused, ask
from offhook.cli.ready import Ready
from offhook.config import Settings
from offhook.records.trunks import StoreTrunks
from offhook.security.certificates import TlsError
from offhook.security.secrets import Keyring, SecretsError
from offhook.security.tls import ClientTls
from offhook.sip.asyncio.driver import SipDriver
from offhook.sip.events import Event, PingAnswered
from offhook.store.engine import StoreError, open_database

LIMIT: Final = 20.0
"""Seconds for all trunks together."""
_AT_ONCE: Final = 20
_ASKING: Final = (Refused, TimeoutError, aiohttp.ClientError, ValueError)
"""What comes of asking a server that does not answer as it should."""
_BAD: Final = ("down", "resting")

Look = Callable[[], Awaitable[str]]
"""Tests one trunk; gives the report for people."""


async def look_at_trunks(settings: Settings, running: Ready | None) -> list[Finding]:
    """A finding for each trunk that is enabled: those of the file, and those in the store that this server, or the
    administrator's account, has.
    """
    try:
        return await (_own_look(settings) if running is None else _ask(running))
    except _ASKING as error:
        text = f"the server cannot be asked: {str(error) or 'it does not answer in time'}"
        return [Finding(subject="trunks", fine=False, text=text, mend="offhook trunk list; restart the server")]
    except (OSError, TlsError) as error:
        return [Finding(subject="trunks", fine=False, text=str(error), mend="mend what is wrong above first")]


async def _ask(ready: Ready) -> list[Finding]:
    states = json.loads(await ask(ready, "GET", "TrunkStates.json", seconds=LIMIT))["trunk_states"]
    gateways: dict[str, list[dict[str, Any]]] = {}
    for state in states:
        if state["enabled"]:
            gateways.setdefault(state["sid"], []).append(state)

    def look(sid: str) -> Look:
        async def asked() -> str:
            content = await ask(ready, "POST", "TrunkTests.json", seconds=LIMIT, form={"Trunk": sid})
            return str(json.loads(content)["report"])

        return asked

    looks = {sid: (theirs[0]["trunk"], look(sid), _health(theirs)) for sid, theirs in gateways.items()}
    return await _all(list(looks.values()))


def _health(states: Sequence[dict[str, Any]]) -> list[str]:
    """What the running server knows that a test does not show: gateways that take no calls."""
    return [
        f"calls avoid {state['gateway']}, which is {state['state']}: {state['reason']}"
        for state in states
        if state["state"] in _BAD
    ]


async def _own_look(settings: Settings) -> list[Finding]:
    trunks = [trunk for trunk in (await _book(settings)).trunks.values() if trunk.enabled]
    if not trunks:
        return []
    async with _trial(settings) as trial:
        return await _all([(trunk.name, _own(trial, trunk), []) for trunk in trunks])


def _own(trial: Trial, trunk: Trunk) -> Look:
    async def tested() -> str:
        return report(await trial.run(replace(trunk, register_expires=None)))  # nobody registers without a server

    return tested


async def _book(settings: Settings) -> TrunkBook:
    """The trunks of the file, and of the store where that can be read; that it cannot is a finding of its own."""
    keys = settings.data_dir / "keys.json"
    if not keys.exists():
        return settings.book
    try:
        async with AsyncExitStack() as stack:
            database = await open_database(settings.store, settings.data_dir)
            stack.push_async_callback(database.close)
            return await StoreTrunks(database, Keyring.load_or_create(keys), settings.records, settings.book).book()
    except (StoreError, SecretsError):
        return settings.book


@asynccontextmanager
async def _trial(settings: Settings) -> AsyncIterator[Trial]:
    """A test bench on ports of its own."""
    sip, bits = settings.sip, random.SystemRandom().getrandbits
    alone = replace(
        sip, listen=(sip.listen[0], 0), listen_tls=None, listen_ws=None, listen_wss=None, listeners=(), stun=()
    )

    def hear(event: Event) -> None:
        if isinstance(event, PingAnswered):
            pinging.hear(event)

    tls = ClientTls(verify=sip.tls_verify, ca_file=sip.tls_ca)
    driver = SipDriver(alone, hear, random_bits=bits, client_tls=tls)
    pinging = Pinging(driver)
    async with driver:
        trunks = Trunks(TrunkBook(), now=asyncio.get_running_loop().time, random_bits=bits)
        yield Trial(driver, trunks, pinging.ping, None, tls=tls, connect_timeout=sip.connect_timeout)


async def _all(looks: Sequence[tuple[str, Look, list[str]]]) -> list[Finding]:
    turns = asyncio.Semaphore(_AT_ONCE)
    end = asyncio.get_running_loop().time() + LIMIT

    async def one(name: str, look: Look, known: list[str]) -> Finding:
        subject = f"trunk/{name}"
        try:
            async with asyncio.timeout_at(end), turns:
                said = await look()
        except _ASKING as error:
            text = str(error) or f"not all was looked at within {LIMIT:g} s"
            return Finding(subject=subject, fine=False, text=text, mend=f"offhook trunk test {name}")
        return summary(subject, said, known)

    return list(await asyncio.gather(*(one(*each) for each in looks)))


def summary(subject: str, said: str, known: Sequence[str]) -> Finding:
    """One finding out of the report of a test, and of what else is ``known`` to be wrong."""
    gateway, fine, wrong, mends = "", [], list(known), []
    for line in said.splitlines():
        mark, looked, text = line[:4].strip(), line[6:16].strip(), line[17:]
        if looked == "gateway":
            gateway = text
        elif mark == "FAIL":
            wrong.append(f"{gateway}: {text}" if gateway else text)
        elif mark == "ok":
            fine.append(text)
        elif text.startswith("→ ") and text[2:] not in mends:
            mends.append(text[2:])
    if not wrong:
        return Finding(subject=subject, fine=True, text=f"{gateway}: {fine[-1]}" if fine else said)
    mend = "; ".join(mends) or "the log of the server tells why; calls return by themselves when it takes them"
    return Finding(subject=subject, fine=False, text="; ".join(wrong), mend=mend)
