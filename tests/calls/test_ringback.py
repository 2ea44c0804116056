from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from offhook.calls.dialing import DialOutcome, DialRequest, DialStatus, SipTarget
from offhook.calls.leg import LegFailed
from offhook.calls.script import ScriptCall
from offhook.calls.settings import CallSettings
from offhook.media.commands import Bridge, Cancel
from offhook.media.progress_tones import Signal, tones
from offhook.media.session import MediaSession
from tests.calls.twins import LegTwin, World, world
from tests.support.virtual_loop import run, settle, until

(RINGBACK,) = tones(Signal.RINGBACK, "US")

DESK, MOBILE = SipTarget(uri="sip:desk@one.test"), SipTarget(uri="sip:mobile@two.test")


class Dialled:
    def __init__(self, w: World, leg: LegTwin) -> None:
        self.w = w
        self.leg = leg
        self.outcome: DialOutcome | None = None

    def hears(self) -> MediaSession | None:
        """Whom the caller is bridged with at this moment."""
        stopped = {command.target for command in self.w.engine.commands if isinstance(command, Cancel)}
        begun = [one for one in self.w.engine.commands if isinstance(one, Bridge) and one.id not in stopped]
        heard = [far.media for far in self.w.far for one in begun if one.b == far.media.id and not far.media.closed]
        assert len(heard) <= 1
        return heard[0] if heard else None

    def tones(self) -> list[bool]:
        """For each ringback tone that was begun, whether it still sounds."""
        heard = self.w.engine.heard(self.leg.media.id)
        return [one.duration is None for one in heard if one.source == RINGBACK]


@asynccontextmanager
async def dial(*targets: SipTarget, answered: bool = True, ring_tone: str = "") -> AsyncIterator[Dialled]:
    async with world() as w:

        async def script(call: ScriptCall) -> None:
            if call.facts.parent_sid is not None:
                await call.interruption()
                return
            if answered:
                await call.answer()
            d.outcome = await call.dial(DialRequest(targets=targets, timeout=60, ring_tone=ring_tone))
            await call.interruption()

        w.script.work = script
        d = Dialled(w, w.call_in())
        await until(lambda: len(w.far) == len(targets) and all(leg.said for leg in w.far))
        yield d
        d.leg.ends()
        for far in w.far:
            far.ends()
        await settle(50)


def test_the_announcement_of_the_far_end_takes_the_place_of_the_ringback() -> None:
    async def main() -> None:
        async with dial(DESK) as d:
            (far,) = d.w.far
            assert d.tones() == [True]
            await far.speaks()
            assert (d.tones(), d.hears()) == ([False], far.media)
            far.picks_up()
            await settle()
            assert d.hears() is far.media
            far.ends()
            await settle()
            assert (d.outcome.status, d.outcome.bridged) == (DialStatus.COMPLETED, True)

    run(main())


def test_of_several_far_ends_the_one_that_spoke_last_is_heard() -> None:
    async def main() -> None:
        async with dial(DESK, MOBILE) as d:
            desk, mobile = d.w.far
            await desk.speaks()
            await asyncio.sleep(1)
            await mobile.speaks()
            assert d.hears() is mobile.media
            mobile.ends(486)
            await settle()
            assert d.hears() is desk.media
            desk.ends(486)
            await settle()
            assert (d.hears(), d.outcome.status) == (None, DialStatus.BUSY)

    run(main())


def test_the_ringback_comes_back_when_nobody_speaks_any_more() -> None:
    async def main() -> None:
        async with dial(DESK, MOBILE) as d:
            desk, _ = d.w.far
            await desk.speaks()
            desk.ends(404)
            await settle()
            assert d.tones() == [False, True]

    run(main())


def test_a_caller_who_is_not_answered_yet_hears_early_media_and_is_answered_with_the_far_end() -> None:
    async def main() -> None:
        async with dial(DESK, answered=False) as d:
            (far,) = d.w.far
            far.rings()
            await settle()
            assert d.leg.said == ["180"]
            assert d.hears() is None
            await far.speaks()
            assert (d.leg.said, d.hears()) == (["180", "183"], far.media)
            far.picks_up()
            await settle()
            assert (d.leg.said, d.hears()) == (["180", "183", "200"], far.media)

    run(main())


def test_a_caller_who_is_not_answered_yet_is_answered_also_without_early_media() -> None:
    async def main() -> None:
        async with dial(DESK, answered=False) as d:
            (far,) = d.w.far
            far.picks_up()
            await settle()
            assert (d.leg.said, d.hears()) == (["180", "200"], far.media)

    run(main())


def test_a_caller_with_whom_no_audio_can_be_agreed_on_is_refused_when_there_is_something_to_hear() -> None:
    async def main() -> None:
        async with dial(DESK, answered=False) as d:
            d.leg.failure = LegFailed("no codec in common", 488)
            await d.w.far[0].speaks()
            assert d.leg.said == ["180", "488"]
            assert d.w.far[0].said == ["INVITE", "drop"]

    run(main())


@pytest.mark.parametrize("answered", [True, False])
def test_a_ring_tone_that_was_asked_for_is_heard_whatever_the_far_end_plays(answered: bool) -> None:
    async def main() -> None:
        async with dial(DESK, answered=answered, ring_tone="uk") as d:
            (far,) = d.w.far
            await settle()
            await far.speaks()
            await asyncio.sleep(1)
            heard = [one.source for one in d.w.engine.heard(d.leg.media.id)]
            assert (heard, d.hears()) == ([*tones(Signal.RINGBACK, "GB")], None)
            assert ("183" in d.leg.said) is not answered
            far.picks_up()
            await settle()
            assert d.hears() is far.media

    run(main())


def test_callers_hear_the_ringing_of_the_country_of_the_settings() -> None:
    assert CallSettings().tone_country == "US"
    assert CallSettings(region="DE").tone_country == "DE"
    assert CallSettings(region="DE", tones="at").tone_country == "at"
