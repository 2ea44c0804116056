"""Calls over trunks, with SIPp and bare sockets as gateways: the next one takes a call that the first does not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from offhook.sip.message import Request, parse
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


@contextmanager
def answering_options(port: int) -> Iterator[None]:
    """A gateway that answers every request with 200, as one does to OPTIONS."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gateway:
        gateway.bind(("127.0.0.1", port))
        gateway.settimeout(0.1)
        over = threading.Event()

        def answer() -> None:
            while not over.is_set():
                try:
                    data, peer = gateway.recvfrom(65_535)
                except TimeoutError:
                    continue
                request = parse(data)
                assert isinstance(request, Request)
                gateway.sendto(bytes(request.response(200, to_tag="gw")), peer)

        worker = threading.Thread(target=answer)
        worker.start()
        try:
            yield
        finally:
            over.set()
            worker.join(5)


def ordered(server: Server, app: Application, number: str = "+498912") -> str:
    app.pages["/connected"] = CONNECTED
    return str(server.request("Calls.json", To=number, From="+4930", Url=app.url("/connected"))["sid"])


def connects(server: Server, app: Application) -> float:
    """Seconds until a call that is ordered now runs its application."""
    began, before = time.monotonic(), len(app.asked("/connected"))
    sid = ordered(server, app)
    wait_for(lambda: len(app.asked("/connected")) > before, "the call's application", WITHIN + 2)
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
            took = connects(server, app)
            assert took < WITHIN, server.log()
            assert "gateway_passed_over" in server.log()
            outcome = second.ended()
            assert (outcome.successful, outcome.failed) == (1, 0), outcome.errors


def test_trunks_made_by_the_api_count_from_the_next_call_on_and_their_gateways_show_how_they_are(tmp_path):
    with (
        Sipp(tmp_path / "busy", "gateway_is_busy", keys={"pause": "60"}) as busy,
        Sipp(tmp_path / "second", "gateway_takes_calls", calls=2) as second,
        Application() as app,
        Server(tmp_path) as server,
    ):
        sid = server.request("Trunks.json", FriendlyName="carrier", OptionsInterval="0", OutboundCalled="+ => 00")[
            "sid"
        ]
        for priority, gateway in enumerate((busy, second), start=1):
            form = {"SipUrl": f"sip:{gateway.address}", "Priority": str(priority)}
            server.request(f"Trunks/{sid}/OriginationUrls.json", **form)
        server.request("Routes.json", Pattern="+49", Trunks="carrier")
        assert connects(server, app) < WITHIN
        states = {
            url["sip_url"]: url["state"]
            for url in server.request(f"Trunks/{sid}/OriginationUrls.json")["origination_urls"]
        }
        assert states == {f"sip:{busy.address}": "resting", f"sip:{second.address}": "up"}
        assert connects(server, app) < WITHIN
        assert server.log().count("gateway_passed_over") == 1
        outcome = second.ended()
        assert (outcome.successful, outcome.failed) == (2, 0), outcome.errors


def test_a_gateway_returns_when_it_answers_again(tmp_path):
    port = free_port(socket.SOCK_DGRAM)
    with Sipp(tmp_path / "second", "gateway_takes_calls", calls=1) as second, Application() as app:
        reserve = f'[[trunks]]\nname = "reserve"\ngateways = ["sip:{second.address}"]\noptions_interval = 0\n'
        watched = "options_interval = 1\noptions_timeout = 0.5\ndown_after = 1\n"
        trunk_file(tmp_path, f"127.0.0.1:{port}", more=watched + reserve)
        with Server(tmp_path) as server:
            wait_for(lambda: "gateway_taken_out" in server.log(), "taking the gateway out")
            took = connects(server, app)
            assert took < 1.5, "the gateway that is down was not left out"
            second.ended()
            with answering_options(port):
                wait_for(lambda: returned(server.log(), port), "its return")


def returned(log: str, port: int) -> bool:
    return any("gateway_up" in line and f":{port}" in line for line in log.splitlines())
