"""Sessions from opening to close."""

from __future__ import annotations

import asyncio
from typing import Any

from offhook.media.commands import (
    Silence,
    Tone,
)
from offhook.media.conformance.bench import Bench, Suite, failure, outcome, scenario, tone
from offhook.media.operation import MediaClosed, Operation


class SessionsOfAnEngine(Suite):
    @scenario
    async def test_closing_ends_everything_and_tells_what_passed(self, bench: Bench) -> None:
        session, far = await bench.line()
        running: list[Operation[Any]] = [
            session.start_play(Tone(frequencies=(600.0,), on=100, repeat=0)),
            session.start_play(Silence(duration=100)),
            session.start_record(str(bench.directory / "a.wav")),
            session.start_bridge(session),
            session.tap(),
            session.inject(),
        ]
        await far.say(tone(900, 300))
        statistics = await session.close()
        assert all(operation.ended and operation.interrupted for operation in running)
        assert statistics.packets_sent >= 10
        assert statistics.packets_received >= 10
        assert await session.close() == statistics
        assert bench.sessions.idle

    @scenario
    async def test_a_line_is_measured_while_it_lives_and_at_its_end(self, bench: Bench) -> None:
        session, far = await bench.line()
        before = await session.measure()
        await far.say(tone(900, 300))
        await session.play(Tone(frequencies=(600.0,), on=300))
        during = await session.measure()
        assert (before.packets_received, before.codec_received) == (0, None)
        assert (during.codec_sent, during.codec_received) == ("PCMU", "PCMU")
        assert during.packets_sent >= 15
        assert during.packets_received >= 10
        assert during.packets_lost == during.packets_refused == 0
        closed = await session.close()
        assert closed.packets_received >= during.packets_received
        assert await session.measure() == closed

    @scenario
    async def test_a_prompt_whose_session_closes_is_no_failure_of_the_prompt(self, bench: Bench) -> None:
        session, _ = await bench.line()
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(outcome(session.play(Tone(frequencies=(600.0,), on=5000))))
            await asyncio.sleep(0.05)
            await session.close()
        assert isinstance(playing.result(), MediaClosed)
        assert isinstance(await outcome(session.play(Silence(duration=20))), MediaClosed)

    @scenario
    async def test_a_session_that_cannot_be_opened_leaves_nothing(self, bench: Bench) -> None:
        session = bench.sessions.create()
        assert await failure(session.open("not an address"))
        assert bench.sessions.idle
        await session.close()

    @scenario
    async def test_sessions_have_even_ports_of_their_own(self, bench: Bench) -> None:
        lines = [await bench.line() for _ in range(4)]
        ports = [session.local.port for session, _ in lines if session.local is not None]
        assert len(set(ports)) == 4
        assert all(port % 2 == 0 for port in ports)
