from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from offhook.calls.trunks.book import TrunkBook
from offhook.calls.trunks.health import State
from offhook.calls.trunks.live import Trunks
from offhook.calls.trunks.probing import Pong, Prober
from offhook.calls.trunks.trunk import Gateway, Probing, Trunk, TrunkKey
from tests.support.virtual_loop import run, settle

TRUNK = Trunk(
    key=TrunkKey("T"),
    name="carrier",
    gateways=(Gateway(uri="sip:a"), Gateway(uri="sip:b")),
    probing=Probing(interval=30, timeout=4, down_after=2, up_after=1),
)
UP, DOWN = Pong(code=200), Pong(code=None, reason="it cannot be reached")


class Watch:
    """Gateways that answer as the test says, and when they were asked."""

    def __init__(self, book: TrunkBook) -> None:
        self.trunks = Trunks(book, now=asyncio.get_running_loop().time, random_bits=lambda _: 0)
        self.answers = {"sip:a": UP, "sip:b": UP}
        self.asked: list[tuple[str, float]] = []

    async def ping(self, uri: str, timeout: float) -> Pong:
        self.asked.append((uri, asyncio.get_running_loop().time()))
        return self.answers[uri]

    def states(self) -> list[State]:
        found = [self.trunks.condition(TrunkKey("T"), uri) for uri in ("sip:a", "sip:b")]
        return [condition.state for condition in found if condition is not None]


def watching(play: Callable[[Watch], Awaitable[None]], book: TrunkBook | None = None) -> None:
    async def main() -> None:
        watch = Watch(book or TrunkBook.of([TRUNK]))
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(Prober(watch.trunks, watch.ping, random_bits=lambda _: 0).run())
            await settle()
            await play(watch)
            running.cancel()

    run(main())


def test_a_gateway_that_stops_to_answer_is_taken_out_and_returns_when_it_answers_again() -> None:
    async def play(watch: Watch) -> None:
        assert watch.states() == [State.UP, State.UP]
        watch.answers["sip:a"] = DOWN
        await asyncio.sleep(31)
        assert watch.states() == [State.UP, State.UP]
        await asyncio.sleep(30)
        assert watch.states() == [State.DOWN, State.UP]
        watch.answers["sip:a"] = UP
        await asyncio.sleep(30)
        assert watch.states() == [State.UP, State.UP]
        assert [moment for uri, moment in watch.asked if uri == "sip:a"] == [1000, 1030, 1060, 1090]

    watching(play)


def test_one_that_asks_for_a_pause_rests() -> None:
    async def play(watch: Watch) -> None:
        watch.answers["sip:a"] = Pong(code=503, retry_after=45)
        await asyncio.sleep(31)
        assert watch.states() == [State.RESTING, State.UP]

    watching(play)


def test_who_is_asked_follows_the_configuration() -> None:
    async def play(watch: Watch) -> None:
        watch.trunks.replace(TrunkBook.of([replace(TRUNK, gateways=(Gateway(uri="sip:b"),))]))
        await asyncio.sleep(31)
        assert [uri for uri, moment in watch.asked if moment > 1000] == ["sip:b"]
        watch.trunks.replace(TrunkBook.of([replace(TRUNK, enabled=False)]))
        await asyncio.sleep(60)
        assert len(watch.asked) == 3

    watching(play)


def test_without_an_interval_nobody_is_asked() -> None:
    async def play(watch: Watch) -> None:
        await asyncio.sleep(100)
        assert watch.asked == []

    watching(play, TrunkBook.of([replace(TRUNK, probing=Probing(interval=0))]))


@pytest.mark.parametrize(
    ("pong", "fine"),
    [
        (Pong(code=200), True),
        (Pong(code=404), True),
        (Pong(code=401), True),
        (Pong(code=405), True),
        (Pong(code=501), True),
        (Pong(code=408), False),
        (Pong(code=500), False),
        (Pong(code=503), False),
        (Pong(code=None), False),
    ],
)
def test_which_answers_mean_that_a_gateway_takes_calls(pong: Pong, fine: bool) -> None:
    assert pong.fine is fine
