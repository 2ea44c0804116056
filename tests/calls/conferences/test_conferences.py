from __future__ import annotations

import asyncio
from dataclasses import replace

from offhook.calls.call import Input
from offhook.calls.dialing import DialStatus
from offhook.calls.events import RecordingEnded, RecordingStarted
from offhook.media.commands import RecordRoom
from tests.calls.conferences.people import ACCOUNT, QUIET, meeting
from tests.support.virtual_loop import run, settle


def test_who_enters_the_same_name_hears_the_others() -> None:
    async def main() -> None:
        async with meeting() as m:
            ann, bob = await m.comes("ann"), await m.comes("bob")
            cid, dan = await m.comes("cid"), await m.comes("dan", replace(QUIET, name="other"))
            assert (ann.hears, bob.hears, cid.hears) == ({"bob", "cid"}, {"ann", "cid"}, {"ann", "bob"})
            assert dan.hears == set()
            assert {one.facts.name for one in m.w.board.conferences.of(ACCOUNT)} == {"room", "other"}
            assert m.w.board.conferences.get(m.live.facts.sid) is m.live

    run(main())


def test_the_dial_ends_with_the_call_and_tells_what_it_was() -> None:
    async def main() -> None:
        async with meeting() as m:
            ann, bob = await m.comes("ann"), await m.comes("bob")
            sid = m.live.facts.sid
            await asyncio.sleep(30)
            ann.hangs_up()
            await settle(20)
            (outcome,) = ann.told
            assert (outcome.status, outcome.duration, outcome.conference_sid) == (DialStatus.ANSWERED, 30, sid)
            assert bob.hears == set()
            assert bob.outcome is None
            bob.hangs_up()
            await settle(20)
            assert len(m.w.board.conferences) == 0

    run(main())


def test_the_time_limit_removes_one() -> None:
    async def main() -> None:
        async with meeting() as m:
            ann = await m.comes("ann", time_limit=20)
            bob = await m.comes("bob")
            await asyncio.sleep(21)
            assert ann.outcome is not None
            assert (ann.outcome.duration, ann.leg.ended, bob.hears) == (20, False, set())

    run(main())


def test_a_star_leaves_where_that_is_asked_for() -> None:
    async def main() -> None:
        async with meeting() as m:
            ann = await m.comes("ann", hangup_on_star=True)
            bob = await m.comes("bob")
            m.w.engine.press(ann.leg.media.id, "1")
            m.w.engine.press(bob.leg.media.id, "*")
            await settle(20)
            assert (ann.outcome, bob.outcome) == (None, None)
            m.w.engine.press(ann.leg.media.id, "*")
            await settle(20)
            assert ann.outcome is not None
            assert not ann.leg.ended

    run(main())


def test_a_full_conference_is_not_entered_and_goes_on() -> None:
    async def main() -> None:
        async with meeting() as m:
            await m.comes("ann")
            bob = await m.comes("bob", replace(QUIET, most=1))
            assert bob.outcome is not None
            assert (bob.outcome.status, bob.outcome.bridged) == (DialStatus.FAILED, False)
            assert "already" in bob.outcome.reason
            assert len(m.live.participants) == 1

    run(main())


def test_a_name_is_free_again_when_its_conference_is_over() -> None:
    async def main() -> None:
        async with meeting() as m:
            await m.comes("ann")
            before = m.live.facts.sid
            m.live.end()
            await settle(20)
            await m.comes("bob")
            assert m.live.facts.sid != before

    run(main())


def test_a_hundred_conferences_leave_nothing() -> None:
    async def main() -> None:
        async with meeting() as m:
            for number in range(100):
                people = [await m.comes(f"{number}{name}", replace(QUIET, name=str(number))) for name in "ab"]
                for person in people:
                    person.hangs_up()
            await settle(50)
            assert len(m.w.board.conferences) == 0

    run(main())


def test_a_recording_is_that_of_the_conference_from_start_to_end(tmp_path) -> None:
    async def main() -> None:
        async with meeting(recordings=str(tmp_path)) as m:
            entry = replace(QUIET, record=True)
            await m.comes("ann", replace(entry, start_on_enter=False))
            assert not any(isinstance(command, RecordRoom) for command in m.w.engine.commands)
            bob = await m.comes("bob", entry)
            await asyncio.sleep(5)
            for person in m.people.values():
                person.hangs_up()
            await settle(50)
            (started,) = (event for event in m.w.log.events if isinstance(event, RecordingStarted))
            (ended,) = (event for event in m.w.log.events if isinstance(event, RecordingEnded))
            assert (started.source, started.channels) == ("Conference", 1)
            assert started.call_sid in (bob.sid, m.people["ann"].sid)
            assert 5000 <= ended.duration < 5100

    run(main())


def test_a_caller_who_is_dropped_leaves_as_well() -> None:
    async def main() -> None:
        async with meeting() as m:
            ann, bob = await m.comes("ann"), await m.comes("bob")
            ann.call.drop(Input.HANG_UP)  # type: ignore[attr-defined]
            await settle(20)
            assert bob.hears == set()
            assert ann.told[0].status is DialStatus.ANSWERED

    run(main())
