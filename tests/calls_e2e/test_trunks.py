"""Calls over trunks, with SIPp and bare sockets as gateways: the next one takes a call that the first does not."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.calls_e2e.application import Application
from tests.calls_e2e.peers import free_port, wait_for
from tests.calls_e2e.server import Server
from tests.calls_e2e.sipp import Sipp

CONNECTED = "<Response><Pause length='1'/><Hangup/></Response>"
WITHIN = 3.0
"""Seconds in which a call must ring by the second gateway, where the first has 2 s for its first word."""


def trunk_file(folder: Path, *gateways: str, more: str = "") -> None:
    """``offhook.toml`` with one trunk; the first gateway is tried first."""
    listed = ", ".join(f'"sip:{gateway} priority={number}"' for number, gateway in enumerate(gateways, start=1))
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "offhook.toml").write_text(
        f'[[trunks]]\nname = "carrier"\ngateways = [{listed}]\nresponse_timeout = 2\n{more}'
    )


@contextmanager
def black_hole() -> Iterator[str]:
    """A gateway that takes every datagram and says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hole:
        hole.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{hole.getsockname()[1]}"


def ordered(server: Server, app: Application, number: str = "+498912") -> str:
    app.pages["/connected"] = CONNECTED
    return str(server.request("Calls.json", To=number, From="+4930", Url=app.url("/connected"))["sid"])


def connects(server: Server, app: Application, gateway: Sipp) -> float:
    """Seconds until a call that is ordered now runs its application by ``gateway``."""
    began = time.monotonic()
    sid = ordered(server, app)
    wait_for(lambda: bool(app.asked("/connected")), "the call's application", WITHIN + 2)
    took = time.monotonic() - began
    server.wait_for_call(sid, "completed")
    return took


@pytest.mark.parametrize("first", ["silent", "closed", "busy"])
def test_a_call_connects_over_the_second_gateway_when_the_first_takes_none(first, tmp_path):
    with (
        black_hole() as hole,
        Sipp(tmp_path / "busy", "gateway_is_busy", keys={"pause": "5"}) as busy,
        Sipp(tmp_path / "second", "gateway_takes_calls", calls=1) as second,
        Application() as app,
    ):
        refused = f"127.0.0.1:{free_port()};transport=tcp"
        gateway = {"silent": hole, "closed": refused, "busy": busy.address}[first]
        trunk_file(tmp_path, gateway, second.address, more="options_interval = 0\n")
        with Server(tmp_path) as server:
            took = connects(server, app, second)
            assert took < WITHIN, server.log()
            assert "gateway_passed_over" in server.log()
            outcome = second.ended()
            assert (outcome.successful, outcome.failed) == (1, 0), outcome.errors
