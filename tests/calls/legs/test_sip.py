from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from offhook.calls.leg import LegEnded, LegFailed, LegRinging, Referral
from offhook.calls.script import ScriptCall
from offhook.media.commands import Connect, Direction
from offhook.media.settings import MediaSettings
from offhook.sip.errors import LocalProtocolError
from offhook.sip.flow import Flow, Transport
from tests.calls.legs.nodes import Node, node, phone, two, until
from tests.sip.asyncio.nameserver import nameserver


def connected(node: Node) -> Connect:
    return [command for command in node.engine.commands if isinstance(command, Connect)][-1]


def test_the_application_hangs_up() -> None:
    async def main() -> None:
        async with two() as (near, far):
            far.script.work = lambda call: call.answer()
            caller = phone(near, far.uri("1000"))
            await caller.leg.invite()
            await until(lambda: "LegEnded" in caller.names)
            assert (caller.end.by_far_end, caller.end.sip_code) == (True, None)

    asyncio.run(main())


@pytest.mark.parametrize(("code", "status"), [(486, "busy"), (603, "busy"), (500, "failed")])
def test_the_application_refuses(code: int, status: str) -> None:
    async def main() -> None:
        async with two() as (near, far):
            far.script.work = lambda call: call.refuse(code, "no")
            caller = phone(near, far.uri("1000"))
            await caller.leg.invite()
            await until(lambda: "LegEnded" in caller.names)
            assert (caller.end.by_far_end, caller.end.sip_code) == (True, code)
            await until(lambda: far.board.idle)
            assert far.log.events[-1].call.status == status

    with capture_logs() as logged:
        asyncio.run(main())
    assert len([entry for entry in logged if entry["event"] == "call_ended"]) == 1


def test_a_caller_gives_up_while_it_rings() -> None:
    async def main() -> None:
        async with two() as (near, far):

            async def think(call: object) -> None:
                await call.interruption()

            far.script.work = think
            caller = phone(near, far.uri("1000"))
            await caller.leg.invite()
            await until(lambda: any(isinstance(event, LegRinging) for event in caller.events))
            caller.leg.drop("changed my mind")
            await until(lambda: far.board.idle and bool(far.log.events))
            assert far.log.events[-1].call.status == "canceled"

    asyncio.run(main())


def test_hold_and_resume_turn_the_media_about() -> None:
    async def main() -> None:
        async with two() as (near, far):
            caller = phone(near, far.uri("1000"))
            await caller.leg.invite()
            await until(lambda: "LegAnswered" in caller.names)
            handle = caller.leg._handle
            port = caller.leg.media.local.port
            here, nowhere = "127.0.0.1", "0.0.0.0"  # noqa: S104 - how RFC 2543 said hold
            for version, (host, said, does) in enumerate(
                [
                    (here, "sendonly", "recvonly"),
                    (here, "inactive", "inactive"),
                    (here, "sendrecv", "sendrecv"),
                    (nowhere, "sendrecv", "recvonly"),
                    (here, "sendrecv", "sendrecv"),
                ],
                2,
            ):
                sdp = (
                    f"v=0\r\no=- 1 {version} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
                    f"m=audio {port} RTP/AVP 0\r\na={said}\r\n"
                )
                near.driver.reinvite(handle, sdp.encode())
                await until(lambda does=does: connected(far).direction == Direction(does))
                held = does != "sendrecv"
                await until(lambda held=held: far.script.calls[0].held is held)
            assert not any(isinstance(event, LegEnded) for event in caller.events)
            caller.leg.drop()

    asyncio.run(main())


def test_keys_by_info_reach_the_application() -> None:
    async def main() -> None:
        async with two() as (near, far):
            caller = phone(near, far.uri("1000"))
            await caller.leg.invite()
            await until(lambda: "LegAnswered" in caller.names)
            near.driver.info(caller.leg._handle, "application/dtmf-relay", b"Signal=5\r\nDuration=100\r\n")
            assert await asyncio.wait_for(far.script.calls[0].digit(), 5) == "5"
            caller.leg.drop()

    asyncio.run(main())


def test_keys_go_by_info_where_the_setting_says_so() -> None:
    async def main() -> None:
        async with two(media=MediaSettings(dtmf="info")) as (near, far):
            caller = phone(near, far.uri("1000"))
            await caller.leg.invite()
            await until(lambda: "LegAnswered" in caller.names)
            await caller.leg.media.send_digits("4w2")
            keys = [await asyncio.wait_for(far.script.calls[0].digit(), 5) for _ in range(2)]
            assert keys == ["4", "2"]
            caller.leg.drop()

    asyncio.run(main())


def test_an_invite_without_sdp_gets_our_offer() -> None:
    async def main() -> None:
        async with two() as (near, far):
            from offhook.sip import events as sip
            from offhook.sip.signalling import Invitation

            seen: list[sip.Event] = []
            hear, near.driver._listener = near.driver._listener, seen.append
            handle = near.driver.invite(Invitation(target=far.uri("1000"), from_uri="sip:+1555@127.0.0.1"))
            await until(lambda: any(isinstance(event, sip.CallAnswered) for event in seen))
            answered = next(event for event in seen if isinstance(event, sip.CallAnswered))
            assert b"m=audio" in answered.sdp
            near.driver.acknowledge(handle, answered.sdp)
            await until(lambda: far.script.calls and far.script.calls[0].answered)
            near.driver.hangup(handle)
            await until(lambda: far.board.idle)
            near.driver._listener = hear

    asyncio.run(main())


def test_an_offer_without_a_codec_of_ours_is_refused() -> None:
    async def main() -> None:
        async with two() as (near, far):
            from offhook.sip import events as sip
            from offhook.sip.signalling import Invitation

            seen: list[sip.Event] = []
            near.driver._listener = seen.append
            sdp = (
                b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n"
            )
            near.driver.invite(Invitation(target=far.uri("1000"), from_uri="sip:+1555@127.0.0.1", sdp=sdp))
            await until(lambda: any(isinstance(event, sip.CallEnded) for event in seen))
            assert seen[-1].code == 488
            await until(lambda: far.board.idle)
            assert far.log.events[-1].call.status == "failed"

    asyncio.run(main())


def test_a_leg_whose_end_cannot_be_signalled_ends_all_the_same() -> None:
    async def main() -> None:
        async with two() as (near, far):
            caller = phone(near, far.uri("1000"))
            await caller.leg.invite()
            await until(lambda: "LegAnswered" in caller.names)
            hangup = near.driver.hangup

            def breaks(*_: object) -> None:
                raise LocalProtocolError("a defect")

            near.driver.hangup = breaks  # type: ignore[method-assign]
            caller.leg.drop("enough")
            assert caller.end.reason == "enough"
            hangup(caller.leg._handle)

    asyncio.run(main())


def test_a_reason_of_many_lines_does_not_keep_a_leg_from_ending() -> None:
    async def main() -> None:
        async with two() as (near, far):
            caller = phone(near, far.uri("1000"))
            await caller.leg.invite()
            await until(lambda: "LegAnswered" in caller.names)
            caller.leg.drop("first\r\nX-Second: line" + " and more" * 1000)
            await until(lambda: far.board.idle)
            assert far.log.events[-1].call.status == "completed"

    asyncio.run(main())


@pytest.mark.parametrize("uri", ["sip:desk@255.255.255.255", "sip:desk@[::1]:5060"])
def test_who_cannot_be_reached_at_all_ends_the_leg_at_once(uri: str) -> None:
    async def main() -> None:
        async with node(1) as near:
            caller = phone(near, uri)
            await caller.leg.invite()
            await until(lambda: "LegEnded" in caller.names, within=1)
            assert (caller.end.by_far_end, caller.end.sip_code) == (True, 503)

    asyncio.run(main())


def test_a_domain_is_rung_at_its_second_server_when_the_first_is_silent_and_at_its_third_when_one_refuses_connections(
    tmp_path: Path,
) -> None:
    async def talk(call: ScriptCall) -> None:
        await call.answer()
        await call.interruption()

    async def main(silent: int, closed: int) -> None:
        async with node(2) as far:
            far.script.work = talk
            ports = (silent, closed, far.driver.addresses["udp"].port)
            zone = f"""
pbx NAPTR 10 1 "s" "SIP+D2U" "" _sip._udp.pbx
pbx NAPTR 10 2 "s" "SIP+D2T" "" _sip._tcp.pbx
_sip._udp.pbx SRV 1 0 {ports[0]} here
_sip._tcp.pbx SRV 1 0 {ports[1]} here
_sip._tcp.pbx SRV 2 0 {ports[2]} here
here A 127.0.0.1
"""
            with nameserver(tmp_path, zone) as address:
                async with node(1, nameservers=(address,), failover_timeout=0.3) as near:
                    caller = phone(near, "sip:1000@pbx.example")
                    await caller.leg.invite()
                    await until(lambda: "LegAnswered" in caller.names)
                    caller.leg.drop()
                    with pytest.raises(LegFailed, match="nobody.example has no address"):
                        await phone(near, "sip:1000@nobody.example").leg.invite()

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent, socket.socket() as closed:
        silent.bind(("127.0.0.1", 0))
        closed.bind(("127.0.0.1", 0))  # and does not listen
        asyncio.run(main(silent.getsockname()[1], closed.getsockname()[1]))


def test_a_far_end_is_asked_to_call_somebody_only_when_that_is_wanted() -> None:
    async def main() -> None:
        for transfer, asked in (("bridge", False), ("refer", True)):
            async with node(1, transfer=transfer) as near, node(2) as far:
                caller = phone(near, far.uri("1000"))
                await caller.leg.invite()
                await until(lambda caller=caller: "LegAnswered" in caller.names)
                referrals: list[str] = []
                far.board.refer = lambda call, referral, told=referrals: (
                    told.append(referral.user),
                    referral.refuse(603),
                )
                assert await caller.leg.transfer("sip:bob@pbx.test", "<sip:ann@pbx.test>") is None
                assert referrals == (["bob"] if asked else [])
                caller.leg.drop()
                assert await caller.leg.transfer("sip:bob@pbx.test", None) is None

    asyncio.run(main())


def test_a_far_end_that_is_asked_tells_what_came_of_it_or_ends() -> None:
    async def main() -> None:
        async with node(1, transfer="refer") as near, node(2) as far:
            caller = phone(near, far.uri("1000"))
            await caller.leg.invite()
            await until(lambda: "LegAnswered" in caller.names)
            taken: list[Referral] = []

            def take(call: object, referral: Referral) -> None:
                taken.append(referral)
                referral.accept()
                referral.tell(100)

            far.board.refer = take
            async with asyncio.TaskGroup() as tasks:
                told = tasks.create_task(caller.leg.transfer("sip:bob@pbx.test", None))
                await until(lambda: bool(taken))
                taken[0].tell(486)
            assert told.result() == 486
            async with asyncio.TaskGroup() as tasks:
                told = tasks.create_task(caller.leg.transfer("sip:bob@pbx.test", None))
                await until(lambda: len(taken) == 2)
                caller.leg.drop()
            assert told.result() == 487


def test_the_call_id_is_known_as_soon_as_the_invite_is_on_its_way() -> None:
    async def main() -> None:
        async with two() as (near, far):
            caller = phone(near, far.uri("1000"))
            assert (caller.leg.call_id, caller.leg.call_ids) == (None, ())
            await caller.leg.invite()
            name = caller.leg.call_id
            assert name is not None
            assert caller.leg.call_ids == (name,)
            await until(lambda: bool(far.script.calls))
            assert far.script.calls[0].facts.sip_call_id == name
            caller.leg.drop()

    asyncio.run(main())


def test_of_the_branches_of_a_fork_the_one_that_spoke_last_is_heard_until_one_answers() -> None:
    async def main() -> None:
        async with node(1, hangup_patience=0.05) as near:
            caller = phone(near, "sip:many@127.0.0.1:9")
            await caller.leg.invite()
            invite = near.driver._endpoint._agent.calls[caller.leg._handle].invite

            def says(status: int, tag: str, port: int | None) -> None:
                body = b"" if port is None else DESCRIPTION % port
                headers = [("Contact", f"<sip:{tag}@127.0.0.1:9>")]
                if body:
                    headers.append(("Content-Type", "application/sdp"))
                response = invite.response(status, to_tag=tag, headers=headers, body=body)
                near.driver._received(bytes(response), Flow(Transport.UDP, "127.0.0.1", 9))
                near.driver._drain()

            def remotes() -> list[int]:
                return [command.remote[1] for command in near.engine.commands if isinstance(command, Connect)]

            says(183, "one", 5000)
            says(183, "two", 6000)
            says(183, "one", 5000)
            await until(lambda: remotes() == [5000, 6000])
            assert caller.names.count("LegRinging") == 5
            says(200, "one", None)
            await until(lambda: "LegAnswered" in caller.names)
            assert remotes() == [5000, 6000, 5000]
            caller.leg.drop()

    asyncio.run(main())


DESCRIPTION = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\n"
