"""Calls that come in with Replaces: attended transfers that a far end carries out, and pick-ups."""

from __future__ import annotations

from dataclasses import replace

from offhook.calls.leg import DialogName
from offhook.calls.script import Application, ScriptCall
from offhook.vocabulary.sids import AccountSid
from tests.calls.talks import DESK, Talk, phones, talk
from tests.support.virtual_loop import run, settle


def test_a_new_call_takes_the_place_of_one_that_talks() -> None:
    async def main() -> None:
        for side in ("caller", "desk"):
            async with talk() as t:
                gone, stays = (t.caller, t.desk) if side == "caller" else (t.desk, t.caller)
                alice = t.w.call_in("whoever", client=t.w.directory.clients["alice"], replaces=gone.dialog)
                await settle(50)
                assert alice.said == ["180", "200"]
                assert (gone.said[-1], t.linked(stays, alice)) == ("drop", True)
                assert not t.went_on
                stays.ends()
                await settle(50)
                assert alice.ended

    run(main())


def test_who_replaces_a_callee_that_rings_picks_the_call_up() -> None:
    async def main() -> None:
        async with phones() as w:
            t = Talk(w, DESK)
            await t.ring()
            t.desk.rings()
            bob = w.call_in("whoever", client=w.directory.clients["bob"], replaces=t.desk.dialog)
            await settle(50)
            assert (t.desk.said[-1], t.linked(t.caller, bob)) == ("drop", True)
            bob.ends()
            await settle(50)
            assert t.outcome is not None
            assert (t.outcome.status, t.went_on) == ("completed", True)

    run(main())


def test_who_replaces_a_call_with_an_application_gets_that_application() -> None:
    async def main() -> None:
        async with phones() as w:
            seen: list[Application] = []

            async def menu(call: ScriptCall) -> None:
                seen.append(call.application)
                await call.answer()
                await call.interruption()

            w.script.work = menu
            first = w.call_in("1000")
            await settle(50)
            alice = w.call_in("whoever", client=w.directory.clients["alice"], replaces=first.dialog)
            await settle(50)
            assert (first.said[-1], alice.ended, seen[0] == seen[1]) == ("drop", False, True)

    run(main())


def test_a_call_that_is_not_there_cannot_be_replaced() -> None:
    async def main() -> None:
        async with talk() as t:
            dialog = DialogName(call_id="twin-1", our_tag="ours", their_tag="guessed")
            alice = t.w.call_in("whoever", client=t.w.directory.clients["alice"], replaces=dialog)
            await settle(50)
            assert alice.said == ["481"]
            assert t.linked(t.caller, t.desk)

    run(main())


def test_an_answered_call_is_not_replaced_by_one_that_wants_a_ringing_one() -> None:
    async def main() -> None:
        async with talk() as t:
            dialog = replace(t.desk.dialog, early_only=True)
            alice = t.w.call_in("whoever", client=t.w.directory.clients["alice"], replaces=dialog)
            await settle(50)
            assert alice.said == ["486"]

    run(main())


def test_a_call_that_came_in_and_rings_is_not_ours_to_be_replaced() -> None:
    async def main() -> None:
        async with phones() as w:

            async def rings(call: ScriptCall) -> None:
                await call.interruption()

            w.script.work = rings
            first = w.call_in("1000")
            await settle(50)
            alice = w.call_in("whoever", client=w.directory.clients["alice"], replaces=first.dialog)
            await settle(50)
            assert (alice.said, first.ended) == (["481"], False)

    run(main())


def test_strangers_replace_only_what_came_from_where_they_are() -> None:
    async def main() -> None:
        async with talk() as t:
            stranger = t.w.call_in("whoever", replaces=t.desk.dialog)
            await settle(50)
            assert stranger.said == ["403"], "we called the desk; nobody there is known to have called us"
            same = t.w.call_in("whoever", replaces=t.caller.dialog)
            await settle(50)
            assert t.linked(same, t.desk)

    run(main())


def test_a_client_replaces_calls_of_its_own_account_only() -> None:
    async def main() -> None:
        async with talk() as t:
            other = replace(t.w.directory.clients["alice"], account_sid=AccountSid("AC2"))
            alice = t.w.call_in("whoever", client=other, replaces=t.desk.dialog)
            await settle(50)
            assert (alice.said, t.linked(t.caller, t.desk)) == (["403"], True)

    run(main())


def test_a_call_in_the_middle_of_a_transfer_is_left_alone() -> None:
    async def main() -> None:
        async with talk() as t:
            t.desk.refers("alice")
            await settle(50)
            bob = t.w.call_in("whoever", client=t.w.directory.clients["bob"], replaces=t.caller.dialog)
            await settle(50)
            assert bob.said == ["491"]

    run(main())


def test_who_gives_up_before_the_answer_replaces_nothing() -> None:
    async def main() -> None:
        async with talk() as t:
            t.w.log.delay = 1.0
            alice = t.w.call_in("whoever", client=t.w.directory.clients["alice"], replaces=t.desk.dialog)
            await settle(50)
            alice.ends()
            await settle(50)
            assert t.linked(t.caller, t.desk)

    run(main())
