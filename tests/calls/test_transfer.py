"""Blind transfers from either side of a dialled call, and whoever leaves while they are under way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from offhook.calls.dialing import ClientTarget, DialOutcome, DialRequest, DialTarget, SipTarget
from offhook.calls.ringback import RINGBACK
from offhook.calls.script import Application, HungUp, Redirected, ScriptCall
from offhook.calls.settings import CallSettings
from offhook.media.commands import Play
from tests.calls.twins import LegTwin, World, world
from tests.support.virtual_loop import run, settle

DESK = SipTarget(uri="sip:desk@one.test")


class Talk:
    """A caller whose application dialled somebody, and both talk."""

    def __init__(self, w: World, target: DialTarget) -> None:
        self.w = w
        self.target = target
        self.outcome: DialOutcome | None = None
        self.went_on = False
        """Whether the caller's application went on after its dial."""
        self.applications: list[Application] = []
        self.caller: LegTwin
        self.desk: LegTwin

    async def script(self, call: ScriptCall) -> None:
        """As the interpreter does: a verb is raced against the interruption and cancelled by it."""
        self.applications.append(call.application)
        await call.answer()
        work = self._dial(call) if len(self.applications) == 1 else asyncio.sleep(1_000)
        async with asyncio.TaskGroup() as tasks:
            verb, watch = tasks.create_task(work), tasks.create_task(call.interruption())
            await asyncio.wait({verb, watch}, return_when=asyncio.FIRST_COMPLETED)
            verb.cancel()
            if not watch.done():
                watch.cancel()
        if not watch.cancelled() and isinstance(watch.result(), Redirected):
            await self.script(call)
        elif watch.cancelled() or not isinstance(watch.result(), HungUp):
            await call.hangup()

    async def _dial(self, call: ScriptCall) -> None:
        self.outcome = await call.dial(DialRequest(targets=(self.target,), headers=(), timeout=20.0))
        self.went_on = not self.caller.ended
        await asyncio.sleep(1_000)

    def linked(self, one: LegTwin, other: LegTwin) -> bool:
        return self.w.bridges() == {frozenset({one.media.id, other.media.id})}

    @property
    def target_leg(self) -> LegTwin:
        return self.w.far[-1]


@asynccontextmanager
async def talk(target: DialTarget = DESK, settings: CallSettings | None = None) -> AsyncIterator[Talk]:
    async with world(settings) as w:
        t = Talk(w, target)
        w.script.work = t.script
        w.exchange.devices["bob"] = ["sip:bob@desk"]
        t.caller = w.call_in()
        await settle(50)
        (t.desk,) = w.far
        t.desk.picks_up()
        await settle(50)
        assert t.linked(t.caller, t.desk)
        yield t
        for leg in (t.caller, *w.far):
            leg.ends()
        await settle(50)


def test_the_callee_transfers_the_caller_and_the_dial_goes_on_with_the_new_one() -> None:
    async def main() -> None:
        async with talk() as t:
            referral = t.desk.refers("alice", referred_by="<sip:desk@one.test>")
            await settle(50)
            target = t.target_leg
            assert target.destination is not None
            assert (target.destination.uri, target.destination.from_user) == ("sip:alice@desk", "+1555")
            assert ("Referred-By", "<sip:desk@one.test>") in target.destination.headers
            assert t.linked(t.caller, t.desk), "until somebody answers the call goes on as it was"
            target.rings()
            await settle(50)
            assert referral.told == [202, 100, 180]
            target.picks_up()
            await settle(50)
            assert referral.told == [202, 100, 180, 200]
            assert (t.desk.said[-1], t.linked(t.caller, target), t.outcome) == ("drop", True, None)
            await asyncio.sleep(30)
            target.ends()
            await settle(50)
            assert t.outcome is not None
            assert (t.outcome.status, t.outcome.duration >= 30, t.went_on) == ("completed", True, True)
            assert not t.caller.ended, "the caller's application goes on"

    run(main())


def test_the_caller_transfers_the_callee_and_leaves() -> None:
    async def main() -> None:
        async with talk() as t:
            referral = t.caller.refers("alice")
            await settle(50)
            target = t.target_leg
            assert target.destination is not None
            assert target.destination.from_user == "desk", "whom it is on behalf of"
            target.picks_up()
            await settle(50)
            assert referral.told == [202, 100, 200]
            assert (t.caller.said[-1], t.linked(t.desk, target)) == ("drop", True)
            await asyncio.sleep(10)
            t.desk.ends()
            await settle(50)
            assert target.ended, "who was left alone is hung up"

    run(main())


@pytest.mark.parametrize(("code", "told"), [(486, 486), (603, 603), (404, 404), (None, 480)])
def test_a_target_that_refuses_leaves_the_call_as_it_was(code: int | None, told: int) -> None:
    async def main() -> None:
        async with talk() as t:
            referral = t.desk.refers("alice")
            await settle(50)
            t.target_leg.ends(code)
            await settle(50)
            assert referral.told == [202, 100, told]
            assert t.linked(t.caller, t.desk)
            t.desk.ends()
            await settle(50)
            assert t.went_on, "and the dial ends as ever"

    run(main())


def test_a_target_that_lets_it_ring_is_given_up() -> None:
    async def main() -> None:
        async with talk(settings=CallSettings(transfer_timeout=15.0)) as t:
            referral = t.caller.refers("alice")
            await settle(50)
            t.target_leg.rings()
            await asyncio.sleep(16)
            assert (referral.told, t.linked(t.caller, t.desk)) == ([202, 100, 180, 408], True)
            assert t.target_leg.said[-1] == "drop"

    run(main())


@pytest.mark.parametrize("user", ["nobody", "carol", "+15550100"])
def test_nobody_reaches_by_transfer_what_he_may_not_call(user: str) -> None:
    """Neither is there such a client, nor does a gateway take calls that no application makes."""

    async def main() -> None:
        async with talk() as t:
            t.w.exchange.trunk = "gateway.test"
            referral = t.desk.refers(user)
            await settle(50)
            assert referral.told == [202, 100, 404]
            assert (len(t.w.far), t.linked(t.caller, t.desk)) == (1, True)

    run(main())


def test_a_client_that_is_not_registered_cannot_be_reached() -> None:
    async def main() -> None:
        async with talk() as t:
            del t.w.exchange.devices["alice"]
            referral = t.desk.refers("alice")
            await settle(50)
            assert referral.told == [202, 100, 480]
            assert t.linked(t.caller, t.desk)

    run(main())


def test_whoever_asked_may_hang_up_at_once() -> None:
    """Many phones send BYE as soon as they have the 202."""

    async def main() -> None:
        for side in ("caller", "desk"):
            async with talk() as t:
                by, other = (t.caller, t.desk) if side == "caller" else (t.desk, t.caller)
                referral = by.refers("alice")
                by.ends()
                await settle(50)
                assert not other.ended
                assert not t.went_on
                target = t.target_leg
                assert RINGBACK in [heard.source for heard in t.w.engine.heard(other.media.id)]
                target.picks_up()
                await settle(50)
                assert (referral.told[-1], t.linked(other, target)) == (200, True)

    run(main())


def test_when_the_transfer_fails_and_whoever_asked_is_gone_the_application_goes_on_or_the_callee_is_hung_up() -> None:
    async def main() -> None:
        for side in ("caller", "desk"):
            async with talk() as t:
                by, other = (t.caller, t.desk) if side == "caller" else (t.desk, t.caller)
                referral = by.refers("alice")
                by.ends()
                await settle(50)
                t.target_leg.ends(486)
                await settle(50)
                assert referral.told[-1] == 486
                assert (other.ended, t.went_on) == ((True, False) if side == "caller" else (False, True))

    run(main())


def test_the_one_who_is_transferred_may_hang_up_while_it_rings() -> None:
    async def main() -> None:
        async with talk() as t:
            referral = t.desk.refers("alice")
            await settle(50)
            t.caller.ends()
            await settle(50)
            assert (referral.told[-1], t.target_leg.said[-1]) == (487, "drop")

    run(main())


def test_a_target_that_answers_and_hangs_up_at_once_ends_it() -> None:
    async def main() -> None:
        async with talk() as t:
            t.desk.refers("alice")
            await settle(50)
            t.target_leg.picks_up()
            t.target_leg.ends()
            await settle(50)
            assert t.w.bridges() in (set(), {frozenset({t.caller.media.id, t.desk.media.id})})
            assert not t.caller.ended

    run(main())


def test_a_second_transfer_while_one_is_under_way_is_put_off() -> None:
    async def main() -> None:
        async with talk() as t:
            t.desk.refers("alice")
            assert t.desk.refers("bob").told == [491]
            assert t.caller.refers("bob").told == [491]

    run(main())


def test_a_transferred_call_can_be_transferred_again() -> None:
    async def main() -> None:
        async with talk() as t:
            t.desk.refers("alice")
            await settle(50)
            first = t.target_leg
            first.picks_up()
            await settle(50)
            referral = first.refers("bob")
            await settle(50)
            assert t.target_leg.destination is not None
            assert t.target_leg.destination.uri == "sip:bob@desk"
            t.target_leg.picks_up()
            await settle(50)
            assert referral.told == [202, 100, 200]
            assert (first.ended, t.linked(t.caller, t.target_leg)) == (True, True)

    run(main())


def test_there_is_nobody_to_transfer_in_a_call_with_an_application() -> None:
    async def main() -> None:
        async with world() as w:
            leg = w.call_in()
            await settle(50)
            assert leg.refers("alice").told == [603]
            leg.ends()

    run(main())


def test_a_transfer_to_a_number_lets_its_application_run_the_call() -> None:
    async def main() -> None:
        menu = Application(url="http://app.test/menu")
        for side in ("caller", "desk"):
            async with talk() as t:
                t.w.directory.numbers["2000"] = replace(t.w.directory.numbers["1000"], application=menu)
                by, other = (t.caller, t.desk) if side == "caller" else (t.desk, t.caller)
                referral = by.refers("2000")
                await settle(50)
                assert referral.told == [202, 100, 200]
                assert (by.said[-1], t.applications[-1], other.ended) == ("drop", menu, False)
                assert t.w.bridges() == set()

    run(main())


def test_a_client_with_an_application_of_its_own_transfers_by_it() -> None:
    async def main() -> None:
        async with talk(ClientTarget(login="alice")) as t:
            own = Application(url="http://app.test/alice")
            t.w.directory.clients["alice"] = replace(t.w.directory.clients["alice"], application=own)
            referral = t.desk.refers("+15550100")
            await settle(50)
            assert (referral.told, t.applications[-1]) == ([202, 100, 200], own)

    run(main())


def test_an_order_of_the_api_takes_a_transferred_call_out_of_its_conversation() -> None:
    async def main() -> None:
        async with talk() as t:
            t.caller.refers("alice")
            await settle(50)
            target = t.target_leg
            target.picks_up()
            await settle(50)
            sid = next(facts.sid for facts in t.w.board.live_calls() if facts.to == "sip:desk@one.test")
            await t.w.board.redirect(sid, Application(url="http://app.test/other"))
            await settle(50)
            assert (t.w.bridges(), target.ended, t.desk.ended) == (set(), True, False)
            assert t.applications[-1].url == "http://app.test/other"

    run(main())


def test_the_engine_that_does_not_bridge_fails_the_transfer() -> None:
    async def main() -> None:
        async with talk() as t:
            referral = t.desk.refers("alice")
            await settle(50)
            t.w.engine.refuse_next(Play, "no")  # what is asked of it meanwhile is not what fails
            t.target_leg.media.start_close()
            t.target_leg.picks_up()
            await settle(50)
            assert referral.told[-1] == 500

    run(main())
