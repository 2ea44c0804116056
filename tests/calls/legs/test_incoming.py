from __future__ import annotations

import asyncio

from offhook.calls.leg import LegRinging
from offhook.calls.script import ScriptCall
from offhook.media.commands import Connect
from offhook.sip import events as sip
from offhook.sip.signalling import Invitation
from tests.calls.legs.nodes import Node, phone, two, until


def connected(node: Node) -> Connect:
    return [command for command in node.engine.commands if isinstance(command, Connect)][-1]


def test_a_caller_hears_us_before_the_answer_and_gets_the_same_description_with_it() -> None:
    async def main() -> None:
        async with two() as (near, far):
            answer = asyncio.Event()

            async def announce(call: object) -> None:
                assert await call.progress()
                await answer.wait()
                await call.answer()
                await call.interruption()

            far.script.work = announce
            caller = phone(near, far.uri("1000"))
            await caller.leg.invite()
            await until(lambda: LegRinging(early_media=True) in caller.events)
            early = connected(near)
            assert early.remote == ("127.0.0.1", far.script.calls[0].media.local.port)
            assert not far.script.calls[0].answered
            answer.set()
            await until(lambda: "LegAnswered" in caller.names)
            assert connected(near).remote == early.remote
            assert len([command for command in far.engine.commands if isinstance(command, Connect)]) == 1
            caller.leg.drop()

    asyncio.run(main())


def test_a_caller_whose_offer_is_of_no_use_hears_so_before_the_answer() -> None:
    async def main() -> None:
        async with two() as (near, far):

            async def announce(call: object) -> None:
                assert not await call.progress()

            far.script.work = announce
            caller = phone(near, far.uri("1000"))
            caller.leg._negotiation.offer = lambda: (
                b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 18\r\n"
            )
            await caller.leg.invite()
            await until(lambda: "LegEnded" in caller.names)
            assert caller.end.sip_code == 488

    asyncio.run(main())


def test_a_caller_without_offer_gets_ours_before_the_answer_where_it_is_sure_to_arrive() -> None:
    async def main() -> None:
        async with two() as (near, far):
            answer = asyncio.Event()

            async def announce(call: ScriptCall) -> None:
                assert await call.progress()
                await answer.wait()
                await call.answer()
                await call.interruption()

            far.script.work = announce
            seen: list[sip.Event] = []
            hear, near.driver._listener = near.driver._listener, seen.append
            handle = near.driver.invite(Invitation(target=far.uri("1000"), from_uri="sip:+1555@127.0.0.1"))
            await until(lambda: any(isinstance(event, sip.CallRinging) and event.answer_due for event in seen))
            offer = next(event.sdp for event in seen if isinstance(event, sip.CallRinging) and event.answer_due)
            near.driver.acknowledge(handle, offer)
            await until(lambda: any(isinstance(command, Connect) for command in far.engine.commands))
            assert not far.script.calls[0].answered
            answer.set()
            await until(lambda: any(isinstance(event, sip.CallAnswered) for event in seen))
            assert next(event.sdp for event in seen if isinstance(event, sip.CallAnswered)) is None
            await until(lambda: far.script.calls[0].answered)
            near.driver.hangup(handle)
            await until(lambda: far.board.idle)
            near.driver._listener = hear

    asyncio.run(main())


def test_a_caller_without_offer_who_takes_nothing_reliable_hears_nothing_before_the_answer() -> None:
    async def main() -> None:
        async with two(prack="never") as (near, far):

            async def announce(call: ScriptCall) -> None:
                assert not await call.progress()
                await call.refuse(480, "nothing to hear")

            far.script.work = announce
            near.driver.invite(Invitation(target=far.uri("1000"), from_uri="sip:+1555@127.0.0.1"))
            await until(lambda: bool(far.log.events) and far.board.idle)
            assert far.engine.commands == []

    asyncio.run(main())
