from __future__ import annotations

import asyncio

from offhook.calls.events import CallEnded, CallMeasured
from offhook.media.events import Statistics
from offhook.media.operation import MediaFailed
from tests.calls.twins import world
from tests.support.virtual_loop import run, settle


def test_what_a_call_saw_of_its_line_is_told_once_before_its_end() -> None:
    async def main() -> None:
        async with world() as w:
            leg = w.call_in()
            await settle()
            w.engine.speak(leg.media.id, 1000)
            await asyncio.sleep(2)
            during = await w.board.quality(w.board.live_calls()[0].sid)
            leg.ends()
            await asyncio.sleep(1)
            told = [event for event in w.log.events if isinstance(event, CallMeasured | CallEnded)]
            assert [type(event) for event in told] == [CallMeasured, CallEnded]
            measured = told[0]
            assert isinstance(measured, CallMeasured)
            assert during is not None
            assert measured.quality.packets_received == during.packets_received == 50
            assert await w.board.quality(measured.call_sid) is None

    run(main())


def test_a_call_without_audio_has_nothing_to_tell() -> None:
    async def main() -> None:
        async with world() as w:
            leg = w.call_in("nobody")
            await settle()
            leg.ends()
            await asyncio.sleep(1)
            assert not [event for event in w.log.events if isinstance(event, CallMeasured)]

    run(main())


def test_an_engine_that_is_stuck_keeps_no_call_from_its_end() -> None:
    async def main() -> None:
        async with world() as w:
            leg = w.call_in()
            await settle()

            async def close() -> Statistics:
                raise MediaFailed("the media engine is stuck")

            closes, leg.media.close = leg.media.close, close  # type: ignore[method-assign]
            leg.ends()
            await asyncio.sleep(10)
            assert len(w.ended()) == 1
            await closes()

    run(main())
