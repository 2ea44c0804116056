"""Blind transfers from either side of a dialled call, and whoever leaves while they are under way."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from offhook.calls.dialing import ClientTarget
from offhook.calls.leg import DialogName
from offhook.calls.script import Application, ScriptCall
from offhook.calls.settings import CallSettings
from offhook.media.commands import Connect, Play
from offhook.media.progress_tones import Signal, tones
from offhook.vocabulary.sids import AccountSid
from tests.calls.talks import DESK, Talk, phones, talk
from tests.calls.twins import LegTwin, answer_and_wait, world
from tests.support.virtual_loop import run, settle

(RINGBACK,) = tones(Signal.RINGBACK, "US")


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
        async with phones() as w:
            own = Application(url="http://app.test/alice")
            w.directory.clients["alice"] = replace(w.directory.clients["alice"], application=own)
            t = Talk(w, ClientTarget(login="alice"))
            await t.begin()
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


@pytest.mark.parametrize("code", [200, 486, None])
def test_the_other_side_may_carry_it_out_by_itself(code: int | None) -> None:
    async def main() -> None:
        async with talk() as t:
            t.caller.refers_itself = code
            referral = t.desk.refers("alice")
            await settle(50)
            if code is None:
                assert len(t.w.far) == 2, "one that does not is connected here"
                return
            assert t.caller.said[-1 if code == 486 else -2] == "REFER sip:alice@pbx.test"
            assert referral.told == [202, 100, code]
            assert (t.caller.ended, t.desk.ended) == ((True, True) if code == 200 else (False, False))

    run(main())


# Attended transfers


async def two_calls_of_one(placed: tuple[bool, bool]) -> None:
    """Somebody talks in two calls, placed or taken by him, and joins the others."""
    async with phones() as w:
        first, second = Talk(w, DESK), Talk(w, DESK)
        await first.begin()
        await second.begin()
        by = [talk.caller if own else talk.desk for talk, own in zip((first, second), placed, strict=True)]
        rest = [talk.desk if own else talk.caller for talk, own in zip((first, second), placed, strict=True)]
        referral = by[0].refers("whoever", replaces=by[1].dialog)
        await settle(50)
        assert referral.told == [202, 100, 200]
        assert [leg.ended for leg in by] == [True, True]
        assert first.linked(rest[0], rest[1])
        assert not first.went_on
        assert not second.went_on
        await asyncio.sleep(10)
        rest[0].ends()
        await settle(50)
        assert w.bridges() == set()
        assert rest[1].ended or second.went_on, "who is left alone goes on with his application or is hung up"


@pytest.mark.parametrize("placed", [(True, True), (True, False), (False, True), (False, False)])
def test_an_attended_transfer_joins_the_two_others(placed: tuple[bool, bool]) -> None:
    run(two_calls_of_one(placed))


def test_a_call_that_is_not_ours_is_replaced_by_whom_it_is_with() -> None:
    async def main() -> None:
        async with talk() as t:
            dialog = DialogName(call_id="elsewhere", our_tag="a", their_tag="b")
            referral = t.desk.refers("alice", replaces=dialog)
            await settle(50)
            assert t.target_leg.destination is not None
            assert ("Replaces", "elsewhere;to-tag=a;from-tag=b") in t.target_leg.destination.headers
            t.target_leg.picks_up()
            await settle(50)
            assert (referral.told, t.linked(t.caller, t.target_leg)) == ([202, 100, 200], True)

    run(main())


def outside(t: Talk, leg: LegTwin) -> int:
    """The session by which ``leg`` is bridged into another call's far end; the bridge is the only one that it has."""
    (bridge,) = [pair for pair in t.w.bridges() if leg.media.id in pair]
    (place,) = bridge - {leg.media.id}
    assert place not in {each.media.id for each in t.w.exchange.legs}
    return place


def test_an_attended_transfer_into_an_application_leaves_it_undisturbed() -> None:
    async def main() -> None:
        async with phones() as w:
            first = Talk(w, DESK)
            await first.begin()
            run_before = len(w.script.calls)
            w.script.work = answer_and_wait
            second = w.call_in(client=w.directory.clients["bob"])
            await settle(50)
            playing = second.media.start_play(RINGBACK, loop=0)
            referral = first.desk.refers("1000", replaces=second.dialog)
            await settle(50)
            assert (referral.told, first.desk.ended, second.said[-1]) == ([202, 100, 200], True, "leave")
            assert (len(w.script.calls), first.applications) == (run_before + 1, [w.script.calls[0].application])
            place = outside(first, first.caller)
            connects = {c.session: c.remote[1] for c in w.engine.commands if isinstance(c, Connect)}
            ports = {session.id: session.local.port for session in w.sessions._sessions.values() if session.local}
            assert connects[place] == ports[second.media.id]
            assert connects[second.media.id] == ports[place]
            assert not playing.ended, "what the application plays goes on"
            assert w.board.presence.calls("bob@pbx.test") == (), "the client is in no call any more"
            assert first.caller.refers("alice").told == [603], "an application cannot be transferred"
            playing.cancel()
            second.drop("the application hangs up")
            await settle(50)
            assert (w.bridges(), first.went_on, first.caller.ended) == (set(), True, False)

    run(main())


def test_a_call_whose_far_end_left_it_to_another_ends_with_him() -> None:
    async def main() -> None:
        async with phones() as w:
            first = Talk(w, DESK)
            await first.begin()
            w.script.work = answer_and_wait
            second = w.call_in()
            await settle(50)
            first.caller.refers("1000", replaces=second.dialog)
            await settle(50)
            first.desk.ends()
            await settle(50)
            assert (second.ended, w.bridges()) == (True, set())

    run(main())


def test_another_document_for_an_application_reaches_whoever_came_in_by_transfer() -> None:
    async def main() -> None:
        async with phones() as w:
            first = Talk(w, DESK)
            await first.begin()
            second = Talk(w, DESK)
            await second.ring()
            call = w.script.calls[-1]
            first.caller.refers("1000", replaces=second.caller.dialog)
            await settle(50)
            place = outside(first, first.desk)
            await w.board.redirect(call.facts.sid, Application(url="http://app.test/other"))
            await settle(50)
            assert second.applications[-1].url == "http://app.test/other"
            assert outside(first, first.desk) == place

    run(main())


def test_who_does_not_wait_for_the_answer_in_his_second_call_leaves_the_wait_to_the_other() -> None:
    async def main() -> None:
        async with phones() as w:
            first, second = Talk(w, DESK), Talk(w, DESK)
            await first.begin()
            await second.ring()  # the caller's leg was answered by the application
            referral = first.desk.refers("alice", replaces=second.caller.dialog)
            await settle(50)
            assert (referral.told, second.caller.said[-1]) == ([202, 100, 200], "leave")
            outside(first, first.caller)
            second.desk.picks_up()
            await settle(50)
            assert frozenset({second.caller.media.id, second.desk.media.id}) in w.bridges()
            second.desk.ends()
            await settle(50)
            assert second.outcome is not None
            assert (second.outcome.status, len(w.bridges())) == ("completed", 1)
            first.caller.ends()
            await settle(50)
            assert second.caller.ended

    run(main())


def test_a_second_call_that_is_still_ringing_is_given_up_for_its_target() -> None:
    async def main() -> None:
        async with phones() as w:
            first = Talk(w, DESK)
            await first.begin()

            async def rings(call: ScriptCall) -> None:
                await call.interruption()

            w.script.work = rings
            second = w.call_in("bob")
            await settle(50)
            referral = first.desk.refers("bob", replaces=second.dialog)
            await settle(50)
            assert second.said == ["180", "487"]
            assert first.target_leg.destination is not None
            assert first.target_leg.destination.uri == "sip:bob@desk"
            first.target_leg.picks_up()
            await settle(50)
            assert (referral.told, first.linked(first.caller, first.target_leg)) == ([202, 100, 200], True)

    run(main())


@pytest.mark.parametrize(
    ("account", "early_only", "told"), [("AC2", False, 403), ("AC1", True, 486)], ids=["other account", "early only"]
)
def test_not_every_call_may_be_replaced(account: str, early_only: bool, told: int) -> None:
    async def main() -> None:
        async with phones() as w:
            first, second = Talk(w, DESK), Talk(w, DESK)
            await first.begin()
            w.directory.numbers["1000"] = replace(w.directory.numbers["1000"], account_sid=AccountSid(account))
            await second.begin()
            dialog = replace(second.caller.dialog, early_only=early_only)
            referral = first.desk.refers("alice", replaces=dialog)
            await settle(50)
            assert referral.told == [202, 100, told]
            assert len(w.bridges()) == 2

    run(main())


def test_a_call_cannot_replace_itself_or_its_partner() -> None:
    async def main() -> None:
        async with talk() as t:
            for dialog in (t.desk.dialog, t.caller.dialog):
                referral = t.desk.refers("alice", replaces=dialog)
                await settle(50)
                assert referral.told == [202, 100, 403]
            assert t.linked(t.caller, t.desk)

    run(main())


def test_of_two_calls_the_second_may_end_while_the_transfer_begins() -> None:
    async def main() -> None:
        async with phones() as w:
            first, second = Talk(w, DESK), Talk(w, DESK)
            await first.begin()
            await second.begin()
            referral = first.desk.refers("alice", replaces=second.caller.dialog)
            second.desk.ends()
            await settle(50)
            assert referral.told[-1] in (200, 603)
            assert not first.caller.ended

    run(main())


def test_a_request_of_another_account_does_not_transfer_a_call() -> None:
    async def main() -> None:
        async with talk() as t:
            stranger = replace(t.w.directory.clients["bob"], account_sid=AccountSid("AC2"))
            assert t.desk.refers("alice", client=stranger).told == [403]
            referral = t.desk.refers("alice", client=t.w.directory.clients["bob"])
            assert referral.told == [202, 100]

    run(main())
