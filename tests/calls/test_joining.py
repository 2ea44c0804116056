from __future__ import annotations

import asyncio

from offhook.calls.joining import TRANSFERRED, connect
from offhook.calls.transferring import Transfer
from tests.calls.talks import DESK, Talk, phones
from tests.support.virtual_loop import run, settle


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
