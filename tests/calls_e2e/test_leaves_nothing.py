"""A caller who hangs up at any verb leaves nothing behind: asserted inside the server's own process."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from offhook.config import load
from offhook.node import Node
from tests.calls_e2e.application import Application
from tests.calls_e2e.server import LOOPBACK, Server
from tests.calls_e2e.sipp import Sipp
from tests.support import audio

ANSWERED = "<Play>/short.wav</Play>"
"""Verbs that need no sound do not answer; the caller wants to be answered before he hangs up."""
UNANSWERED = "unanswered"
"""Not a verb but a moment: the caller gives up while the application still thinks about the first document."""
VERBS = {
    "say": "<Say>one two three four five six seven eight nine ten</Say>",
    "play": "<Play loop='0'>/tone.wav</Play>",
    "stream": "<Play>/long.wav</Play>",
    "pause": f"{ANSWERED}<Pause length='30'/>",
    "gather": "<Gather timeout='30' action='/next'><Play loop='0'>/tone.wav</Play></Gather>",
    "record": "<Record maxLength='30' timeout='0' action='/next'/>",
    "dial": f"{ANSWERED}<Dial timeout='30' action='/next'><Sip>sip:callee@CALLEE</Sip></Dial>",
    "ring": f"{ANSWERED}<Dial timeout='30' action='/next'><Sip>sip:nobody@SILENT</Sip></Dial>",
    "conference": f"{ANSWERED}<Dial action='/next'><Conference record='true'>room</Conference></Dial>",
    "lobby": "<Dial action='/next'><Conference startConferenceOnEnter='false' waitUrl='/tone.wav'>lobby</Conference></Dial>",
    "echo": "<Echo/>",
    "redirect": f"{ANSWERED}<Redirect>/again</Redirect>",
    "slow": f"{ANSWERED}<Redirect>/slow</Redirect>",
}
CALLS_PER_VERB = 20


def test_callers_who_hang_up_at_any_verb_leave_nothing(tmp_path):
    async def main():
        with Application() as app, Sipp(tmp_path / "callee", "uas", at_once=1000) as callee, _silence() as silent:
            _publish(app, tmp_path, callee.address, silent)
            async with _node(tmp_path / "data") as node:
                numbers = {verb: str(4000 + index) for index, verb in enumerate([*VERBS, UNANSWERED])}
                api = await asyncio.to_thread(_api, node, tmp_path, app, numbers)
                await _quiet(node, {})
                before, sockets = node.leftovers(), _sockets()
                for verb, number in numbers.items():
                    scenario = "caller_gives_up" if verb == UNANSWERED else "caller_hangs_up"
                    calls = Sipp(
                        tmp_path / verb,
                        scenario,
                        node.sip_addresses["udp"],
                        service=number,
                        calls=CALLS_PER_VERB,
                        rate=20,
                        hold=600,
                    )
                    outcome, most_open = await _watched(calls, node)
                    assert (outcome.successful, outcome.failed) == (CALLS_PER_VERB, 0), (verb, outcome.errors)
                    assert most_open > 0 or verb == UNANSWERED, f"{verb}: no media session was ever seen"
                await _quiet(node, before)
                assert _sockets() == sockets, "sockets were left open"
                _check_records(await asyncio.to_thread(api.calls))

    asyncio.run(main())


def _publish(app, folder, callee, silent):
    """A page per verb, and what the pages need."""
    app.pages["/tone.wav"] = audio.write_wav(folder / "tone.wav", audio.sine(600, 400)).read_bytes()
    app.pages["/long.wav"] = audio.write_wav(folder / "long.wav", audio.sine(600, 60_000)).read_bytes()
    app.pages["/short.wav"] = audio.write_wav(folder / "short.wav", audio.sine(600, 40)).read_bytes()
    app.pages["/next"] = "<Response><Pause length='1'/></Response>"
    app.pages["/again"] = "<Response><Pause length='1'/><Redirect>/again</Redirect></Response>"
    app.pages["/slow"] = _slowly
    for verb, document in VERBS.items():
        content = document.replace("CALLEE", callee).replace("SILENT", silent)
        app.pages[f"/{verb}-page"] = f"<Response>{content}</Response>"
    app.pages[f"/{UNANSWERED}-page"] = _slowly


async def _watched(calls, node):
    """Run calls, and see how many media sessions were open at most."""
    most_open = 0
    async with asyncio.TaskGroup() as group:
        running = group.create_task(asyncio.to_thread(calls.run))
        while not running.done():
            most_open = max(most_open, node.leftovers()["media"])
            await asyncio.sleep(0.05)
    return running.result(), most_open


def _check_records(records):
    inbound = [record for record in records if record["direction"] == "inbound"]
    assert len(inbound) == CALLS_PER_VERB * (len(VERBS) + 1)
    given_up = [record for record in inbound if record["status"] in ("canceled", "no-answer")]
    assert len(given_up) == CALLS_PER_VERB
    assert {record["status"] for record in inbound if record not in given_up} == {"completed"}
    dialled = [record for record in records if record["direction"] == "outbound-dial"]
    assert len(dialled) == 2 * CALLS_PER_VERB
    assert {record["status"] for record in dialled} <= {"completed", "canceled", "no-answer"}


@contextmanager
def _silence():
    """An address where somebody listens and never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{deaf.getsockname()[1]}"


def _slowly(_):
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
        "ca_file": str(node.tls.ca_file),
        "account_sid": node.administrator.sid,
        "auth_token": node.administrator.auth_token.reveal(),
    }
    app.auth_token = node.administrator.auth_token.reveal()
    for verb, number in numbers.items():
        api.add_number(number, app.url(f"/{verb}-page"))
    return api


async def _quiet(node, wanted, seconds=60.0):
    """Wait until the node holds no more than ``wanted`` (nothing, if that is empty) and calls are gone."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while True:
        left = {**node.leftovers(), "streams": _streams()}
        over = {name: size for name, size in left.items() if size > wanted.get(name, 0) and (name != "tasks" or wanted)}
        if not over:
            return
        if loop.time() > end:
            pytest.fail(f"{over} left of {left}; there were {wanted} before")
        await asyncio.sleep(0.1)


def _streams():
    """Threads that decode what is played."""
    count = 0
    for task in Path("/proc/self/task").iterdir():
        try:
            count += (task / "comm").read_text().strip() == "offhook-stream"
        except (FileNotFoundError, ProcessLookupError):  # one that has just ended
            continue
    return count


def _sockets():
    """UDP sockets of this process: signalling and media. TCP ones are pooled connections to the application."""
    lines = Path("/proc/self/net/udp").read_text().splitlines()[1:]
    inodes = {f"socket:[{line.split()[9]}]" for line in lines}
    count = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            count += str(descriptor.readlink()) in inodes
        except FileNotFoundError:  # the one that lists the folder
            continue
    return count
