"""Two that are joined; and transfers into which something else comes, at every step of the loop: nothing may be left of any
call, and no recording open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from offhook.calls.dialing import DialRecording
from offhook.calls.events import RecordingEnded, RecordingStarted
from offhook.calls.joining import TRANSFERRED, connect
from offhook.calls.transferring import Transfer
from tests.calls.talks import DESK, Talk, phones
from tests.calls.twins import LegTwin, World, answer_and_wait
from tests.support.virtual_loop import run, settle

STEPS = range(0, 24, 2)
"""Turns of the loop after which it comes; a transfer needs fewer."""


def test_two_that_are_joined_talk_until_one_leaves_and_the_others_are_hung_up_once_they_do() -> None:
    async def main() -> None:
        async with phones() as w:
            first, second = Talk(w, DESK), Talk(w, DESK)
            await first.begin()
            await second.begin()
            live = {call.leg: call for call in w.board._live.values()}
            stays, leaves = live[first.caller], live[first.desk]
            far, leaves_too = live[second.desk], live[second.caller]
            transfer = Transfer.of(stays)
            far.transfer = transfer
            told: list[bool] = []

            def linked() -> None:
                told.append(first.linked(first.caller, second.desk) and not leaves.over)

            async with asyncio.TaskGroup() as tasks:
                joined = tasks.create_task(
                    connect(transfer, far, stays._around, leaving=(leaves, leaves_too), linked=linked)
                )
                await settle(50)
                assert (told, joined.done()) == ([True], False)
                assert {leg.ended for leg in (first.desk, second.caller)} == {True}
                assert leaves.facts.reason == TRANSFERRED
                second.desk.ends()
                await settle(50)
                assert joined.done()
            assert w.bridges() == set()
            transfer.end(stays, far)

    run(main())


def hang_up(which: str) -> Callable[[Talk], None]:
    return lambda t: getattr(t, which).ends()


def pick_up(leg: LegTwin) -> None:
    """Once, if it rings."""
    if not leg.ended and "picked up" not in leg.said:
        leg.said.append("picked up")
        leg.picks_up()


def answers_and_leaves(t: Talk) -> None:
    pick_up(t.target_leg)
    t.target_leg.ends()


def answers_and_the_others_leave(t: Talk) -> None:
    pick_up(t.target_leg)
    t.caller.ends()
    t.desk.ends()


def holds(t: Talk) -> None:
    t.caller.holds()
    t.desk.holds()


def asks_again(t: Talk) -> None:
    t.desk.refers("bob")
    t.caller.refers("bob")


EVENTS: dict[str, Callable[[Talk], None]] = {
    "the caller hangs up": hang_up("caller"),
    "the callee hangs up": hang_up("desk"),
    "the target is busy": lambda t: t.target_leg.ends(486),
    "the target answers and hangs up": answers_and_leaves,
    "the target answers, and both others hang up": answers_and_the_others_leave,
    "both hold": holds,
    "everybody wants another transfer": asks_again,
}


def blind(t: Talk) -> None:
    t.desk.refers("alice")


def blind_by_the_caller(t: Talk) -> None:
    t.caller.refers("alice")


def to_oneself(t: Talk) -> None:
    t.w.directory.clients["desk"] = t.w.directory.clients["alice"]
    t.desk.refers("alice")
    t.desk.refers("alice")


def into_the_application(t: Talk) -> None:
    (second,) = [leg for leg in t.w.exchange.legs if leg not in (t.caller, t.desk) and not leg.ended]
    t.desk.refers("1000", replaces=second.dialog)


def told_of_recordings(w: World) -> tuple[list[str], list[str]]:
    return (
        sorted(event.sid for event in w.log.events if isinstance(event, RecordingStarted)),
        sorted(event.sid for event in w.log.events if isinstance(event, RecordingEnded)),
    )


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("asks", [blind, blind_by_the_caller, to_oneself, into_the_application])
def test_nothing_is_left_whatever_comes_into_a_transfer(
    asks: Callable[[Talk], None], event: str, tmp_path: Path
) -> None:
    async def main(step: int) -> None:
        folder = tmp_path / str(step)
        folder.mkdir()
        async with phones(recordings=str(folder)) as w:
            t = Talk(w, DESK, DialRecording.DUAL)
            await t.begin()
            t.desk.said.append("picked up")
            w.script.work = answer_and_wait
            w.call_in()
            await settle(20)
            asks(t)
            await settle(step)
            EVENTS[event](t)
            await settle(50)
            for leg in w.far:
                pick_up(leg)
            await settle(50)
            await asyncio.sleep(1)
            for leg in w.exchange.legs:
                leg.ends()
            await settle(100)
            started, ended = told_of_recordings(w)
            assert (len(started), started) == (1, ended), step

    for step in STEPS:
        run(main(step))
