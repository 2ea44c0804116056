from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from offhook.calls.dialing import DialRecording
from offhook.calls.events import RecordingEnded, RecordingStarted
from offhook.media.commands import Bridge
from offhook.media.recording import Record
from offhook.media.wav import wav_header
from tests.calls.talks import DESK, Talk, phones, talk
from tests.calls.twins import World
from tests.support.virtual_loop import run, settle


def facts(w: World) -> tuple[list[RecordingStarted], list[RecordingEnded]]:
    """What was told of recordings."""
    return (
        [event for event in w.log.events if isinstance(event, RecordingStarted)],
        [event for event in w.log.events if isinstance(event, RecordingEnded)],
    )


def channels(w: World, path: str) -> list[tuple[int, int]]:
    """Who was written on the first channel and on the second, in order."""
    bridges: list[Bridge] = []
    found = []
    for command in w.engine.commands:
        match command:
            case Bridge():
                bridges.append(command)
            case Record(session=one, path=written) if written == path:
                last = bridges[-1]
                found.append((one, last.b if one == last.a else last.a))
    return found


@pytest.mark.parametrize("leaves", ["caller", "callee"])
@pytest.mark.parametrize("at_once", [False, True], ids=["waits", "hangs up at once"])
def test_a_recording_goes_on_with_whoever_a_transfer_brings(tmp_path: Path, leaves: str, at_once: bool) -> None:
    async def main() -> None:
        async with talk(recordings=str(tmp_path)) as t:
            by, stays = (t.caller, t.desk) if leaves == "caller" else (t.desk, t.caller)
            await asyncio.sleep(5)
            by.refers("alice")
            if at_once:
                by.ends()
            await settle(50)
            target = t.target_leg
            await asyncio.sleep(2)
            target.picks_up()
            await settle(50)
            started, ended = facts(t.w)
            assert (len(started), ended) == (1, [])
            await asyncio.sleep(4)
            target.ends()
            await settle(50)
            started, ended = facts(t.w)
            assert [event.sid for event in ended] == [started[0].sid]
            talked = 9_000 if at_once else 11_000  # while it rings the two go on talking, unless one of them has left
            assert abs(ended[0].duration - talked) <= 100
            assert Path(started[0].path).stat().st_size == len(wav_header(0)) + 32 * ended[0].duration
            before, after = channels(t.w, started[0].path)
            side = before.index(stays.media.id)
            assert (after[side], after[1 - side]) == (stays.media.id, target.media.id)
            if leaves == "callee":
                assert t.outcome is not None
                assert t.outcome.recording_duration == ended[0].duration
            stays.ends()

    run(main())


@pytest.mark.parametrize("by_leaves", [False, True])
def test_a_recording_ends_once_when_the_transfer_fails(tmp_path: Path, by_leaves: bool) -> None:
    async def main() -> None:
        async with talk(recordings=str(tmp_path)) as t:
            t.caller.refers("alice")
            await settle(50)
            if by_leaves:
                t.caller.ends()
                await settle(50)
            assert facts(t.w)[1] == []
            t.target_leg.ends(486)
            await settle(50)
            assert len(facts(t.w)[1]) == by_leaves
            t.desk.ends()
            await settle(50)
            assert len(facts(t.w)[1]) == 1

    run(main())


def test_of_two_recorded_conversations_that_of_the_transferred_one_goes_on(tmp_path: Path) -> None:
    async def main() -> None:
        async with phones(recordings=str(tmp_path)) as w:
            first, second = (Talk(w, DESK, record=DialRecording.DUAL) for _ in range(2))
            await first.begin()
            await second.begin()
            await asyncio.sleep(1)
            first.desk.refers("whoever", replaces=second.desk.dialog)
            await settle(50)
            started, ended = facts(w)
            assert [event.sid for event in ended] == [started[1].sid]
            await asyncio.sleep(1)
            second.caller.ends()
            await settle(50)
            assert [event.sid for event in facts(w)[1]] == [started[1].sid, started[0].sid]

    run(main())


def test_a_recording_goes_on_after_a_second_transfer(tmp_path: Path) -> None:
    async def main() -> None:
        async with talk(recordings=str(tmp_path)) as t:
            t.desk.refers("alice")
            await settle(50)
            first = t.target_leg
            first.picks_up()
            await settle(50)
            first.refers("bob")
            await settle(50)
            t.target_leg.picks_up()
            await settle(50)
            started, ended = facts(t.w)
            assert (len(started), len(ended)) == (1, 0)
            assert len(channels(t.w, started[0].path)) == 3
            t.target_leg.ends()
            await settle(50)
            assert len(facts(t.w)[1]) == 1

    run(main())
