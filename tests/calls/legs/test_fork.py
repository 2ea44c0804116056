from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from offhook.calls.leg import Destination, LegAnswered, LegEnded, LegEvent, LegFailed, LegHeld, LegReferred, LegRinging
from offhook.calls.legs.fork import ForkedLeg, by_device
from offhook.media.fake import FakeEngine
from offhook.media.session import Sessions
from tests.calls.twins import LegTwin
from tests.support.virtual_loop import run


def forked(play: Callable[[ForkedLeg, list[LegTwin], list[LegEvent]], Awaitable[None]]) -> None:
    async def main() -> None:
        sessions = Sessions(FakeEngine())
        branches = [LegTwin(sessions.create()) for _ in range(3)]
        leg, events = ForkedLeg(branches), []
        leg.listen(events.append)
        await play(leg, branches, events)
        leg.drop()
        await leg.closed()
        assert sessions.idle

    run(main())


def test_the_first_answer_wins_and_the_others_are_dropped() -> None:
    async def play(leg: ForkedLeg, branches: list[LegTwin], events: list[LegEvent]) -> None:
        await leg.invite()
        branches[2].rings()
        branches[1].picks_up()
        branches[1].ends()
        assert [type(event) for event in events] == [LegRinging, LegAnswered, LegEnded]
        assert leg.media is branches[1].media
        assert leg.call_id == branches[1].call_id
        assert leg.call_ids == tuple(f"twin-{branch.session.id}" for branch in branches)
        assert [branch.said[-1] for branch in (branches[0], branches[2])] == ["drop", "drop"]

    forked(play)


def test_the_most_telling_refusal_is_reported_when_all_have_refused() -> None:
    async def play(leg: ForkedLeg, branches: list[LegTwin], events: list[LegEvent]) -> None:
        await leg.invite()
        branches[0].ends(404)
        branches[1].ends(486)
        assert events == []
        branches[2].ends(500)
        assert [event.sip_code for event in events if isinstance(event, LegEnded)] == [486]

    forked(play)


def test_branches_that_cannot_be_rung_count_only_when_all_cannot() -> None:
    async def play(leg: ForkedLeg, branches: list[LegTwin], events: list[LegEvent]) -> None:
        branches[0].failure = LegFailed("no such host")
        await leg.invite()
        branches[1].ends(486)
        branches[2].ends(404)
        assert [event.sip_code for event in events if isinstance(event, LegEnded)] == [486]

    forked(play)

    async def none(leg: ForkedLeg, branches: list[LegTwin], events: list[LegEvent]) -> None:
        for branch in branches:
            branch.failure = LegFailed("no such host")
        with pytest.raises(LegFailed):
            await leg.invite()

    forked(none)


def test_a_drop_drops_all_and_is_told_once() -> None:
    async def play(leg: ForkedLeg, branches: list[LegTwin], events: list[LegEvent]) -> None:
        inviting = asyncio.gather(leg.invite())
        await asyncio.sleep(0)
        leg.drop("enough")
        await inviting
        assert all(branch.ended for branch in branches)
        assert [event.by_far_end for event in events if isinstance(event, LegEnded)] == [False]

    forked(play)


def test_of_several_branches_the_one_that_spoke_last_is_heard_before_the_answer() -> None:
    async def play(leg: ForkedLeg, branches: list[LegTwin], events: list[LegEvent]) -> None:
        await leg.invite()
        await branches[1].speaks()
        assert (events, leg.media) == ([LegRinging(early_media=True)], branches[1].media)
        await branches[2].speaks()
        assert leg.media is branches[2].media
        branches[2].ends(486)
        assert leg.media is branches[0].media
        branches[1].picks_up()
        assert leg.media is branches[1].media

    forked(play)


def test_after_the_answer_it_is_the_winner_in_transfers_too() -> None:
    async def play(leg: ForkedLeg, branches: list[LegTwin], events: list[LegEvent]) -> None:
        await leg.invite()
        before = branches[1].refers("alice")
        assert before.told == [603], "nobody talks yet"
        assert all(leg.includes(branch) for branch in branches)
        assert leg.dialog == branches[0].dialog
        branches[1].picks_up()
        branches[1].holds()
        branches[1].refers_itself = 200
        referral = branches[1].refers("alice")
        assert events[-2:] == [LegHeld(held=True), LegReferred(referral=referral)]
        assert (leg.dialog, await leg.transfer("sip:alice@pbx.test", None)) == (branches[1].dialog, 200)

    forked(play)


def test_the_ways_to_one_device_are_one_branch() -> None:
    names = ["a", "", "b", "a", ""]
    ways = [Destination(uri=f"sip:{number}@h", from_user="x", device=name) for number, name in enumerate(names)]
    assert [[way.uri[4] for way in device] for device in by_device(ways)] == [["0", "3"], ["1"], ["2"], ["4"]]
