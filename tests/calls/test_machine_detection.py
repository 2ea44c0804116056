"""Calls that the API orders and that want to know who answered."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from offhook.calls.answering_machine import Thresholds
from offhook.calls.control import CallOrder
from offhook.calls.events import MachineDetected
from offhook.calls.machine_detection import MachineDetection
from offhook.calls.script import ScriptCall
from offhook.media.conformance.bench import silence, tone
from offhook.vocabulary.sids import AccountSid
from tests.calls.twins import APP, LegTwin, World, world
from tests.support.virtual_loop import run, settle, until

ORDER = CallOrder(account_sid=AccountSid("AC1"), to="client:alice", from_="+1555", application=APP)
SPOKEN = (300.0, 550.0, 900.0)
GREETING = silence(600) + tone(SPOKEN, 4000)


async def answered(w: World, wanted: MachineDetection) -> LegTwin:
    await w.board.place(replace(ORDER, machine_detection=wanted))
    await until(lambda: bool(w.far) and bool(w.far[0].said))
    leg = w.far[0]
    leg.picks_up()
    await settle()
    return leg


@pytest.mark.parametrize(
    ("sound", "message_end", "who"),
    [
        (silence(500) + tone(SPOKEN, 700), False, "human"),
        (GREETING, False, "machine_start"),
        (GREETING, True, "machine_end_silence"),
        (GREETING + silence(300) + tone(1000.0, 400), True, "machine_end_beep"),
        (silence(300) + tone(2100.0, 3000), False, "fax"),
        (silence(100), False, "unknown"),
    ],
)
def test_the_application_is_asked_once_it_is_known_who_answered(sound: bytes, message_end: bool, who: str) -> None:
    async def main() -> None:
        async with world() as w:
            leg = await answered(w, MachineDetection(message_end=message_end))
            w.engine.speak(leg.media.id, sound)
            assert w.script.calls == []
            await until(lambda: bool(w.script.calls), within=31)
            facts = w.script.calls[0].facts
            assert facts.answered_by == who
            assert 0 < (facts.machine_detection_duration or 0) <= 8000
            leg.ends()
            await until(lambda: bool(w.ended()))
            assert w.ended()[0].call.answered_by == who

    run(main())


def test_beside_the_application_a_callback_tells_who_answered() -> None:
    async def main() -> None:
        async with world() as w:
            wanted = MachineDetection(beside=True, callback="https://app.test/amd", callback_method="GET")
            leg = await answered(w, wanted)
            assert [call.facts.answered_by for call in w.script.calls] == [None]
            w.engine.speak(leg.media.id, GREETING)
            await asyncio.sleep(6)
            (told,) = [event for event in w.log.events if isinstance(event, MachineDetected)]
            assert (told.url, told.method, told.call.answered_by) == ("https://app.test/amd", "GET", "machine_start")
            assert w.script.calls[0].facts.answered_by == "machine_start"
            leg.ends()

    run(main())


@pytest.mark.parametrize("beside", [False, True])
def test_who_hangs_up_meanwhile_ends_the_listening(beside: bool) -> None:
    async def main() -> None:
        async with world() as w:
            leg = await answered(w, MachineDetection(beside=beside, thresholds=Thresholds(silence_timeout=10_000)))
            await asyncio.sleep(1)
            leg.ends()
            await until(lambda: bool(w.ended()), within=5)
            assert w.ended()[0].call.answered_by is None

    run(main())


def test_a_script_that_breaks_beside_the_listening_ends_the_call_as_ever() -> None:
    async def main() -> None:
        async with world() as w:

            async def breaks(call: ScriptCall) -> None:
                raise RuntimeError("no such thing")

            w.script.work = breaks
            await answered(w, MachineDetection(beside=True))
            await until(lambda: bool(w.ended()), within=5)
            assert w.ended()[0].call.status.value == "failed"

    run(main())


def test_a_script_that_ends_ends_the_listening() -> None:
    async def main() -> None:
        async with world() as w:

            async def brief(call: ScriptCall) -> None:
                await asyncio.sleep(1)

            w.script.work = brief
            leg = await answered(w, MachineDetection(beside=True))
            await until(lambda: bool(w.ended()), within=5)
            assert leg.ended

    run(main())
