from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from offhook.calls.leg import Destination, LegAnswered, LegEnded, LegFailed
from offhook.calls.legs.hunt import HuntingLeg
from offhook.calls.legs.trial import Trial
from offhook.calls.trunks.book import TrunkBook
from offhook.calls.trunks.findings import Finding
from offhook.calls.trunks.live import Standing, Trunks
from offhook.calls.trunks.probing import Pong
from offhook.calls.trunks.trunk import Gateway, Trunk, TrunkKey
from offhook.media.fake import FakeEngine
from offhook.media.session import Sessions
from offhook.security.tls import ClientTls
from offhook.sip.errors import NotLocated
from offhook.sip.flow import Flow, Transport
from offhook.sip.registration import RegistrationState
from tests.calls.twins import LegTwin
from tests.support.virtual_loop import run

KEY = TrunkKey("T")
TRUNK = Trunk(key=KEY, name="carrier", gateways=(Gateway(uri="sip:gw.test"),))


class Network:
    """Names, gateways and callees as a test wants them."""

    def __init__(self, sessions: Sessions, spawn: Callable[[object], object]) -> None:
        self.servers: tuple[Flow, ...] = (Flow(Transport.UDP, "192.0.2.1", 5060),)
        self.pong = Pong(code=200)
        self.behaviour: Callable[[LegTwin], None] = lambda leg: leg.picks_up()
        self.failure: LegFailed | None = None
        self.legs: list[LegTwin] = []
        self._sessions, self._spawn = sessions, spawn
        self.trunks = Trunks(TrunkBook.of([TRUNK]), now=lambda: 0.0, random_bits=lambda _: 0)
        self.trial = Trial(
            self,  # type: ignore[arg-type]
            self.trunks,
            self.ping,
            self.hunting,
            tls=ClientTls(),
            connect_timeout=2.0,
        )

    async def locate(self, target: str) -> tuple[Flow, ...]:
        if not self.servers:
            raise NotLocated("gw.test has no address")
        return self.servers

    async def ping(self, uri: str, timeout: float) -> Pong:
        return self.pong

    def hunting(self, destinations: Sequence[Destination]) -> HuntingLeg:
        return HuntingLeg(destinations, self._make, self._spawn)  # type: ignore[arg-type]

    def _make(self, destination: Destination) -> LegTwin:
        leg = LegTwin(self._sessions.create(), destination)
        leg.behaviour, leg.failure = self.behaviour, self.failure
        self.legs.append(leg)
        return leg


def tried(change: Callable[[Network], None], *, trunk: Trunk = TRUNK, **asked: str) -> tuple[list[Finding], Network]:
    """What a trial finds, with nothing left of its call."""
    kept: list[tuple[list[Finding], Network]] = []

    async def main() -> None:
        sessions = Sessions(FakeEngine())
        async with asyncio.TaskGroup() as tasks:
            network = Network(sessions, tasks.create_task)
            change(network)
            kept.append((await network.trial.run(trunk, **asked), network))  # type: ignore[arg-type]
        assert sessions.idle

    run(main())
    return kept[0]


def fine(findings: list[Finding]) -> dict[str, bool]:
    return {finding.subject: finding.fine for finding in findings}


def test_a_trunk_that_works_is_found_to_work() -> None:
    findings, network = tried(lambda _: None, number="+4930", caller="+4989")
    assert fine(findings) == {"gateway": True, "name": True, "OPTIONS": True, "call": True}
    assert "192.0.2.1:5060 (udp)" in findings[1].text
    assert network.legs[0].destination is not None
    assert (network.legs[0].destination.uri, network.legs[0].destination.from_user) == ("sip:+4930@gw.test", "+4989")
    assert network.legs[0].ended


def test_a_name_without_an_address_is_found_and_nothing_more_is_tried() -> None:
    findings, _ = tried(lambda network: setattr(network, "servers", ()))
    assert fine(findings) == {"gateway": True, "name": False}
    assert "SipUrl" in findings[1].mend


def test_an_options_without_answer_is_found() -> None:
    findings, _ = tried(lambda network: setattr(network, "pong", Pong(code=None, reason="silence")))
    assert fine(findings)["OPTIONS"] is False


def test_a_trunk_without_gateways_has_nothing_to_look_at() -> None:
    findings, _ = tried(lambda _: None, trunk=replace(TRUNK, gateways=(Gateway(uri="sip:a", enabled=False),)))
    assert fine(findings) == {"gateways": False}


@pytest.mark.parametrize("refused", [True, False])
def test_a_connection_is_tried_where_the_transport_has_one(refused: bool) -> None:
    async def main() -> list[Finding]:
        network = Network(Sessions(FakeEngine()), lambda _: None)
        async with await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0) as server:
            port = int(server.sockets[0].getsockname()[1])
            network.servers = (Flow(Transport.TCP, "127.0.0.1", port),)
            if refused:
                server.close()
            return await network.trial.run(TRUNK)

    findings = asyncio.run(main())
    assert fine(findings)["connect"] is not refused
    assert ("OPTIONS" in fine(findings)) is not refused


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        (None, "no registrar has answered yet"),
        (RegistrationState.FAILED, "sip:gw.test answers 403"),
        (RegistrationState.REGISTERED, "we are registered at sip:gw.test"),
    ],
)
def test_how_the_registration_stands_is_told(standing: RegistrationState | None, said: str) -> None:
    trunk = replace(TRUNK, username="us", register_expires=600)

    def change(network: Network) -> None:
        if standing is not None:
            network.trunks.standings[KEY] = Standing(
                state=standing, reason="sip:gw.test answers 403", registrar="sip:gw.test", until=0, host="", user="us"
            )

    findings, _ = tried(change, trunk=trunk)
    assert findings[-1].text == said
    assert findings[-1].fine is (standing is RegistrationState.REGISTERED)


@pytest.mark.parametrize(
    ("behaviour", "works", "said"),
    [
        (lambda leg: leg.ends(404), False, "404"),
        (lambda leg: leg.ends(486), True, "486"),
        (lambda leg: leg.rings(), True, "rings"),
        (lambda leg: None, False, "nothing happened within 12 s"),
        (lambda leg: leg.tell(LegEnded(by_far_end=False, reason="no codec in common")), False, "no codec"),
        (lambda leg: leg.tell(LegAnswered()), True, "answered"),
    ],
)
def test_what_becomes_of_a_test_call_is_told(behaviour: Callable[[LegTwin], None], works: bool, said: str) -> None:
    findings, network = tried(lambda network: setattr(network, "behaviour", behaviour), number="+4930")
    assert findings[-1].fine is works
    assert said in findings[-1].text


def test_a_call_that_cannot_be_begun_is_told() -> None:
    findings, _ = tried(lambda network: setattr(network, "failure", LegFailed("no port")), number="+4930")
    assert findings[-1].fine is False
    assert "no port" in findings[-1].text
