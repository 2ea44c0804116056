from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from offhook.calls.leg import Destination, LegAnswered, LegEnded, LegEvent, LegFailed, LegHeld, LegReferred, LegRinging
from offhook.calls.legs.hunt import HuntingLeg
from offhook.media.fake import FakeEngine
from offhook.media.session import Sessions
from tests.calls.twins import LegTwin
from tests.support.virtual_loop import run, settle

SILENT = LegEnded(by_far_end=True, sip_code=408, silent=True, reason="the far end did not respond")


@dataclass
class ChannelTwin:
    name: str
    refusal: str = ""
    trunk: str = "T"
    said: list[str] = field(default_factory=list)

    def seize(self) -> str:
        self.said.append("full" if self.refusal else "seized")
        return self.refusal

    def works(self) -> None:
        self.said.append("works")

    def fails(self, ended: LegEnded) -> None:
        self.said.append("fails")

    def release(self) -> None:
        self.said.append("released")


class Hunt:
    """A hunt over three gateways, and what it told."""

    def __init__(self, sessions: Sessions, spawn: Callable[[object], object]) -> None:
        self.channels = [ChannelTwin(name, trunk=f"T{name}") for name in "abc"]
        self.legs: list[LegTwin] = []
        self.failures: dict[str, LegFailed] = {}
        self.events: list[LegEvent] = []
        self._sessions = sessions
        destinations = [
            Destination(uri=f"sip:{channel.name}", from_user="1", channel=channel) for channel in self.channels
        ]
        self.leg = HuntingLeg(destinations, self._make, spawn)  # type: ignore[arg-type]
        self.leg.label([("X-Call", "7")])
        self.leg.listen(self.events.append)

    def _make(self, destination: Destination) -> LegTwin:
        leg = LegTwin(self._sessions.create(), destination)
        leg.failure = self.failures.get(destination.uri)
        self.legs.append(leg)
        return leg

    @property
    def rung(self) -> list[str]:
        return [leg.destination.uri for leg in self.legs if "INVITE" in leg.said]  # type: ignore[union-attr]

    @property
    def kinds(self) -> list[type]:
        return [type(event) for event in self.events]


def hunting(play: Callable[[Hunt], Awaitable[None]]) -> None:
    async def main() -> None:
        sessions = Sessions(FakeEngine())
        async with asyncio.TaskGroup() as tasks:
            hunt = Hunt(sessions, tasks.create_task)
            await play(hunt)
        hunt.leg.drop()
        await hunt.leg.closed()
        assert sessions.idle
        for channel in hunt.channels:
            assert channel.said.count("seized") == channel.said.count("released")

    run(main())


@pytest.mark.parametrize(
    "ended",
    [
        SILENT,
        LegEnded(by_far_end=True, sip_code=503, silent=True, reason="the far end could not be reached"),
        LegEnded(by_far_end=True, sip_code=503, retry_after=5),
        LegEnded(by_far_end=True, sip_code=500),
        LegEnded(by_far_end=True, sip_code=504),
        LegEnded(by_far_end=True, sip_code=430),
    ],
)
def test_a_gateway_that_fails_is_passed_over_in_the_same_call(ended: LegEnded) -> None:
    async def play(hunt: Hunt) -> None:
        await hunt.leg.invite()
        hunt.legs[0].ended = True
        hunt.legs[0].tell(ended)
        await settle()
        assert hunt.rung == ["sip:a", "sip:b"]
        assert hunt.legs[1].headers == [("X-Call", "7")]
        hunt.legs[1].rings()
        hunt.legs[1].picks_up()
        assert hunt.kinds == [LegRinging, LegAnswered]
        assert hunt.leg.media is hunt.legs[1].media
        assert hunt.channels[0].said == ["seized", "fails", "released"]
        hunt.legs[1].ends()
        assert hunt.channels[1].said == ["seized", "works", "works", "works", "released"]
        assert hunt.kinds[-1] is LegEnded

    hunting(play)


@pytest.mark.parametrize("code", [404, 408, 480, 486, 600, 603])
def test_what_a_callee_says_is_the_end(code: int) -> None:
    async def play(hunt: Hunt) -> None:
        await hunt.leg.invite()
        hunt.legs[0].ends(code)
        await settle()
        assert hunt.rung == ["sip:a"]
        (end,) = hunt.events
        assert isinstance(end, LegEnded)
        assert end.sip_code == code
        assert hunt.channels[0].said == ["seized", "works", "released"]

    hunting(play)


def test_a_5xx_after_the_answer_ends_nothing_but_this_call() -> None:
    async def play(hunt: Hunt) -> None:
        await hunt.leg.invite()
        hunt.legs[0].picks_up()
        hunt.legs[0].ends(500)
        await settle()
        assert (hunt.rung, hunt.kinds) == (["sip:a"], [LegAnswered, LegEnded])

    hunting(play)


def test_when_all_have_failed_the_end_names_each_and_why() -> None:
    async def play(hunt: Hunt) -> None:
        hunt.channels[1].refusal = "its limit of 2 calls at once is reached"
        await hunt.leg.invite()
        hunt.legs[0].ends(503)
        await settle()
        assert hunt.rung == ["sip:a", "sip:c"]
        hunt.legs[-1].ended = True
        hunt.legs[-1].tell(SILENT)
        (end,) = hunt.events
        assert isinstance(end, LegEnded)
        assert (end.sip_code, end.by_far_end) == (408, True)
        assert end.reason == (
            "no gateway took the call: a: 503; b: its limit of 2 calls at once is reached; c: the far end did not respond"
        )

    hunting(play)


def test_gateways_without_a_free_channel_are_passed_over_before_anything_is_sent() -> None:
    async def play(hunt: Hunt) -> None:
        hunt.channels[0].refusal = "full"
        await hunt.leg.invite()
        assert hunt.rung == ["sip:b"]
        assert hunt.leg.call_id == hunt.legs[1].call_id
        assert hunt.leg.call_ids == hunt.legs[0].call_ids + hunt.legs[1].call_ids
        hunt.legs[1].ends(486)

    hunting(play)


def test_it_goes_by_the_trunk_that_was_tried_last_and_each_knows_whether_there_is_another_way() -> None:
    async def play(hunt: Hunt) -> None:
        assert hunt.leg.trunk is None
        await hunt.leg.invite()
        assert hunt.leg.trunk == "Ta"
        hunt.legs[0].ends(503)
        await settle()
        hunt.legs[1].ends(503)
        await settle()
        assert hunt.leg.trunk == "Tc"
        assert [leg.destination.spare for leg in hunt.legs] == [True, True, False]  # type: ignore[union-attr]
        hunt.legs[2].picks_up()

    hunting(play)


def test_when_none_can_be_rung_the_invitation_fails() -> None:
    async def play(hunt: Hunt) -> None:
        hunt.channels[0].refusal = "full"
        hunt.failures = {"sip:b": LegFailed("no port"), "sip:c": LegFailed("no port")}
        with pytest.raises(LegFailed, match="a: full; b: no port; c: no port"):
            await hunt.leg.invite()
        assert hunt.events == []

    hunting(play)


def test_a_gateway_whose_name_leads_nowhere_is_noted_as_failed_and_our_own_trouble_is_not() -> None:
    async def play(hunt: Hunt) -> None:
        hunt.legs[0].failure = LegFailed("no such name", 503)
        hunt.failures = {"sip:b": LegFailed("no media port")}
        await hunt.leg.invite()
        assert hunt.rung == ["sip:c"]
        assert hunt.channels[0].said == ["seized", "fails", "released"]
        assert hunt.channels[1].said == ["seized", "released"]
        hunt.legs[-1].picks_up()

    hunting(play)


def test_a_drop_between_two_gateways_rings_nobody_any_more_and_is_told_once() -> None:
    async def play(hunt: Hunt) -> None:
        await hunt.leg.invite()
        hunt.legs[0].ends(503)
        hunt.leg.drop("enough")
        await settle()
        assert hunt.rung == ["sip:a"]
        (end,) = hunt.events
        assert isinstance(end, LegEnded)
        assert (end.by_far_end, end.reason) == (False, "enough")

    hunting(play)


def test_late_words_of_a_gateway_that_was_passed_over_are_not_heard() -> None:
    async def play(hunt: Hunt) -> None:
        await hunt.leg.invite()
        hunt.legs[0].ended = True
        hunt.legs[0].tell(SILENT)
        await settle()
        hunt.legs[0].rings()
        hunt.legs[0].picks_up()
        assert hunt.events == []
        hunt.legs[1].ends(486)

    hunting(play)


def test_a_gateway_that_rings_and_then_fails_is_passed_over_too_and_its_early_media_is_over() -> None:
    async def play(hunt: Hunt) -> None:
        await hunt.leg.invite()
        hunt.legs[0].tell(LegRinging(early_media=True))
        hunt.legs[0].ends(503)
        await settle()
        assert hunt.events == [LegRinging(early_media=True), LegRinging()]
        assert hunt.rung == ["sip:a", "sip:b"]
        hunt.legs[1].ends(486)

    hunting(play)


def test_it_is_the_gateway_that_answered_in_transfers_too() -> None:
    async def play(hunt: Hunt) -> None:
        await hunt.leg.invite()
        first = hunt.legs[0]
        first.picks_up()
        first.holds()
        referral = first.refers("alice")
        assert hunt.events[-2:] == [LegHeld(held=True), LegReferred(referral=referral)]
        first.refers_itself = 486
        assert (hunt.leg.includes(first), hunt.leg.dialog) == (True, first.dialog)
        assert await hunt.leg.transfer("sip:alice@pbx.test", None) == 486

    hunting(play)
