from __future__ import annotations

from offhook.calls.transferring import Transfer, under_way
from tests.calls.talks import Talk, talk
from tests.support.virtual_loop import run, settle


def live(t: Talk, to: str):  # type: ignore[no-untyped-def]
    return next(call for call in t.w.board._live.values() if call.facts.to == to)


def test_a_call_that_is_let_go_of_goes_on_with_its_script_or_is_hung_up() -> None:
    async def main() -> None:
        async with talk() as t:
            caller, desk = live(t, "1000"), live(t, "sip:desk@one.test")
            transfer = Transfer.of(desk)
            assert (under_way(desk), under_way(caller)) == (transfer, None)
            assert caller.part is not None
            await caller.part()
            transfer.release(desk)
            await settle(50)
            assert (desk.over, caller.over, t.went_on) == (True, False, True)

    run(main())


def test_a_later_transfer_takes_a_call_over_and_gives_it_back_when_it_fails() -> None:
    async def main() -> None:
        async with talk() as t:
            desk = live(t, "sip:desk@one.test")
            first = Transfer.of(desk)
            first.connected = True
            assert not under_way(desk), "one that succeeded may be followed by another"
            second = Transfer.of(desk)
            first.release(desk)
            assert desk.transfer is second
            second.release(desk)
            assert desk.transfer is first
            first.over = True
            third = Transfer.of(desk)
            third.release(desk)
            assert (desk.transfer, desk.over) == (None, False)

    run(main())
