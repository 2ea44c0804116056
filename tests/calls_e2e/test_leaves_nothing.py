"""A caller who hangs up at any verb leaves nothing behind: asserted inside the server's own process."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager

import pytest

from offhook.config import load
from offhook.node import Node
from tests.calls_e2e.application import Application
from tests.calls_e2e.server import LOOPBACK, Server
from tests.calls_e2e.sipp import Sipp
from tests.support import audio

VERBS = {
    "say": "<Say>one two three four five six seven eight nine ten</Say>",
    "play": "<Play loop='0'>/tone.wav</Play>",
    "pause": "<Pause length='30'/>",
    "gather": "<Gather timeout='30' action='/next'><Play loop='0'>/tone.wav</Play></Gather>",
    "record": "<Record maxLength='30' timeout='0' action='/next'/>",
    "dial": "<Dial timeout='30' action='/next'><Sip>sip:callee@{callee}</Sip></Dial>",
    "ring": "<Dial timeout='30' action='/next'><Sip>sip:nobody@127.0.0.1:9</Sip></Dial>",
    "echo": "<Echo/>",
    "redirect": "<Redirect>/again</Redirect>",
    "slow": "<Redirect>/slow</Redirect>",
}
CALLS_PER_VERB = 20


def test_callers_who_hang_up_at_any_verb_leave_nothing(tmp_path):
    async def main():
        with Application() as app, Sipp(tmp_path / "callee", "uas", at_once=1000) as callee:
            app.pages["/tone.wav"] = audio.write_wav(tmp_path / "tone.wav", audio.sine(600, 400)).read_bytes()
            app.pages["/next"] = "<Response><Pause length='1'/></Response>"
            app.pages["/again"] = "<Response><Pause length='1'/><Redirect>/again</Redirect></Response>"
            app.pages["/slow"] = _slowly
            for verb, document in VERBS.items():
                app.pages[f"/{verb}-page"] = f"<Response>{document.format(callee=callee.address)}</Response>"
            async with _node(tmp_path / "data") as node:
                numbers = {verb: str(4000 + index) for index, verb in enumerate(VERBS)}
                api = await asyncio.to_thread(_api, node, tmp_path, app, numbers)
                await _quiet(node, {})
                before, sockets = node.leftovers(), _sockets()
                for verb, number in numbers.items():
                    outcome = await asyncio.to_thread(
                        Sipp(
                            tmp_path / verb,
                            "caller_hangs_up",
                            node.sip_addresses["udp"],
                            service=number,
                            calls=CALLS_PER_VERB,
                            rate=20,
                            hold=400,
                        ).run
                    )
                    assert (outcome.successful, outcome.failed) == (CALLS_PER_VERB, 0), (verb, outcome.errors)
                await _quiet(node, before)
                assert _sockets() <= sockets + 4, "sockets were left open"
                records = await asyncio.to_thread(api.calls)
                inbound = [record for record in records if record["direction"] == "inbound"]
                assert len(inbound) == CALLS_PER_VERB * len(VERBS)
                assert not [r for r in records if r["status"] in ("queued", "ringing", "in-progress")]

    asyncio.run(main())


def _slowly(_):
    import time

    time.sleep(1)
    return "<Response><Pause length='1'/></Response>"


@asynccontextmanager
async def _node(folder):
    """A whole server within this process."""
    flags = {"api.host": "127.0.0.1", "api.port": 0, "sip.listen": "127.0.0.1:0"}
    environment = {"OFFHOOK_EGRESS_ALLOW": LOOPBACK, "OFFHOOK_SIP_TRUST": LOOPBACK, "OFFHOOK_SIP_T1": "0.1"}
    async with Node(load(data_dir=folder, flags=flags, environment=environment)) as node:
        yield node


def _api(node, folder, app, numbers):
    """The node's API, with a number for each verb."""
    api = Server(folder / "api")
    api.ready = {
        "api": node.api_url,
        "ca_file": str(node.ca_file),
        "account_sid": str(node.administrator.account_sid),
        "auth_token": node.administrator.auth_token,
    }
    app.auth_token = node.administrator.auth_token
    for verb, number in numbers.items():
        api.add_number(number, app.url(f"/{verb}-page"))
    return api


async def _quiet(node, wanted, seconds=60.0):
    """Wait until the node holds no more than ``wanted`` (nothing, if that is empty) and calls are gone."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while True:
        left = node.leftovers()
        over = {name: size for name, size in left.items() if size > wanted.get(name, 0) and (name != "tasks" or wanted)}
        if not over:
            return
        if loop.time() > end:
            pytest.fail(f"{over} left of {left}; there were {wanted} before")
        await asyncio.sleep(0.1)


def _sockets():
    """Open sockets of this process."""
    count = 0
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            count += os.readlink(f"/proc/self/fd/{descriptor}").startswith("socket:")
        except FileNotFoundError:
            continue
    return count
