"""Calls over trunks, with SIPp and bare sockets as gateways: the next one takes a call that the first does not."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pytest

from tests.calls_e2e.application import Application
from tests.calls_e2e.gateways import answering_options, black_hole
from tests.calls_e2e.peers import free_port, free_sip_port, wait_for
from tests.calls_e2e.server import Server
from tests.calls_e2e.sipp import Sipp

CONNECTED = "<Response><Hangup/></Response>"
WITHIN = 5.0
"""Seconds in which a call must be answered by the second gateway, where the first has 1 s for its first word and 1 s for more."""


def trunk_file(folder: Path, *gateways: str, more: str = "") -> None:
    """``offhook.toml`` with one trunk; the first gateway is tried first."""
    listed = ", ".join(f'"sip:{gateway} priority={number}"' for number, gateway in enumerate(gateways, start=1))
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "offhook.toml").write_text(
        f'[[trunks]]\nname = "carrier"\ngateways = [{listed}]\nresponse_timeout = 2\n{more}'
    )


def listens(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


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


def failing(kind: str, folder: Path, port: int) -> AbstractContextManager[object]:
    """A gateway at ``port`` that takes no calls, in one of the ways in which gateways do so."""
    match kind:
        case "stalls":
            return Sipp(folder, "gateway_stalls", port=port)
        case "silent":
            return black_hole(port)
        case "closed" | "closed tcp":
            return nullcontext()
        case "503 with a pause":
            return Sipp(folder, "gateway_is_busy", port=port, keys={"pause": "6"})
        case _:
            return Sipp(folder, "gateway_refuses", port=port)


@pytest.fixture(scope="module")
def carried(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.mark.parametrize(
    ("kind", "state", "said"),
    [
        ("stalls", "down", "took the call and then said nothing of it"),
        ("silent", "down", "no answer from"),
        ("closed", "down", "no answer from"),
        ("closed tcp", "down", "cannot be reached"),
        ("503 with a pause", "resting", "503"),
        ("503", "down", "503"),
    ],
)
def test_a_call_connects_by_another_gateway_whose_state_shows_why_and_calls_return_when_it_takes_them(
    carried, tmp_path, kind, state, said
):
    transport = "tcp" if kind == "closed tcp" else "udp"
    port = free_sip_port()
    with (
        Sipp(tmp_path / "second", "gateway_takes_calls") as second,
        Application() as app,
        trunk(carried, f"sip:127.0.0.1:{port};transport={transport}", f"sip:{second.address}") as sid,
    ):
        with failing(kind, tmp_path / "failing", port):
            there = [second.port] if kind.startswith("closed") else [second.port, port]
            wait_for(lambda: all(map(listens, there)), "the gateways")
            assert connects(carried, app) < WITHIN, carried.log()
            (first, _) = states(carried, sid)
            assert first["state"] == state
            assert said in first["state_reason"]
            passed = carried.log().count("gateway_passed_over")
            assert connects(carried, app) < WITHIN
            assert carried.log().count("gateway_passed_over") == passed, (
                "one that is down was tried before one that is not"
            )
            assert carried.calls()[0]["trunk_sid"] == sid
        with Sipp(tmp_path / "first", "gateway_takes_calls", port=port, transport=transport):
            wait_for(lambda: carrier_of(carried, app, sid) == "up", "the return of calls to the first gateway", 25.0)


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


@pytest.mark.parametrize("number", ["00498913", "+498913"])
def test_a_carrier_that_has_nothing_but_a_password_calls_in_with_default_settings(carried, tmp_path, number):
    proof = {"InboundUsername": "them", "InboundPassword": "secret-of-them"}
    with Application() as app, trunk(carried, InboundCalled="0049 => +49", **proof) as sid:
        app.pages["/hello"] = CONNECTED
        hosted = carried.add_number("+498913", app.url("/hello"))
        ask = {"service": number, "calls": 1, "credentials": ("them", "secret-of-them"), "patience": 10}
        outcome = Sipp(tmp_path / "in", "caller_proves_himself", carried.sip(), **ask).run()
        carried.request(f"IncomingPhoneNumbers/{hosted}.json", method="DELETE")
        assert (outcome.successful, outcome.failed) == (1, 0), outcome.errors
        record = carried.calls()[0]
        assert (record["direction"], record["to"], record["trunk_sid"]) == ("inbound", "+498913", sid)


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


@contextmanager
def trunk(server: Server, *gateways: str, **more: str) -> Iterator[str]:
    """The sid of a trunk of these gateways, in their order, which are tried with a call six seconds after they failed."""
    limits = {
        "OptionsInterval": "0",
        "ResponseTimeout": "1",
        "ProgressTimeout": "1",
        "DownAfter": "1",
        "RetryInterval": "6",
    }
    sid = str(server.request("Trunks.json", FriendlyName="carrier", **limits, **more)["sid"])
    for priority, gateway in enumerate(gateways, start=1):
        server.request(f"Trunks/{sid}/OriginationUrls.json", SipUrl=gateway, Priority=str(priority))
    try:
        yield sid
    finally:
        server.request(f"Trunks/{sid}.json", method="DELETE")


def states(server: Server, sid: str) -> list[dict[str, str]]:
    """How the gateways of a trunk are, in the order in which they are tried."""
    found = server.request(f"Trunks/{sid}/OriginationUrls.json")["origination_urls"]
    return sorted(found, key=lambda url: url["priority"])


def carrier_of(server: Server, app: Application, sid: str) -> str:
    """The state of the first gateway of a trunk after one more call."""
    connects(server, app)
    return states(server, sid)[0]["state"]


def returned(log: str, port: int) -> bool:
    return any("gateway_up" in line and f":{port}" in line for line in log.splitlines())
