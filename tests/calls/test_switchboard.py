from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest

from offhook.calls.control import CallOrder, CallRefused
from offhook.calls.dialing import ClientTarget, DialRequest
from offhook.calls.events import CallCreated
from offhook.calls.leg import Invitation
from offhook.calls.script import Application, HungUp, Redirected, ScriptCall
from offhook.calls.settings import CallSettings
from offhook.media.commands import Tone
from offhook.media.operation import MediaFailed
from offhook.vocabulary.sids import AccountSid
from tests.calls.twins import APP, LegTwin, World, world
from tests.support.virtual_loop import run, settle, until

ORDER = CallOrder(account_sid=AccountSid("AC1"), to="client:alice", from_="+1555", application=APP)


def test_a_caller_of_a_hosted_number_meets_its_application() -> None:
    async def main() -> None:
        async with world() as w:
            leg = w.call_in("+1000")
            await until(lambda: "200" in leg.said)
            call = w.script.calls[0]
            assert (call.application, call.facts.number_sid, call.facts.account_sid) == (APP, "PN1", "AC1")
            assert leg.said == ["180", "200"]
            assert ("X-RestComm-CallSid", call.facts.sid) in leg.headers
            await asyncio.sleep(12)
            leg.ends()
            await settle()
            assert w.statuses(call.facts.sid) == ["queued", "ringing", "in-progress", "completed"]
            assert w.ended()[0].call.duration == 12

    run(main())


def test_nobody_but_a_client_reads_as_one() -> None:
    async def main() -> None:
        async with world() as w:
            leg = w.call_in("1000", sender="client:bob")
            await until(lambda: "200" in leg.said)
            assert w.script.calls[0].facts.from_ == "client%3Abob"
            leg.ends()

    run(main())


def test_a_caller_who_gives_up_while_we_look_him_up_leaves_no_call() -> None:
    async def main() -> None:
        async with world() as w:
            w.directory.delay = 1.0
            leg = w.call_in()
            await settle()
            leg.ends(487)
            await asyncio.sleep(3)
            assert (leg.said, w.log.events) == ([], [])

    run(main())


@pytest.mark.parametrize(
    ("to", "code"), [("nobody", "404"), ("empty", "404"), ("closed", "403"), ("sip:x@y", "404"), ("+4989123", "404")]
)
def test_what_is_not_ours_is_refused(to: str, code: str) -> None:
    async def main() -> None:
        async with world() as w:
            w.exchange.leads_to("trunk.test")
            number = w.directory.numbers["1000"]
            w.directory.numbers["empty"] = replace(number, application=None)
            w.directory.numbers["closed"] = replace(number, account_active=False)
            leg = w.call_in(to)
            await settle()
            assert (leg.said, w.far, w.log.events) == ([code], [], [])

    run(main())


def test_a_directory_that_hangs_costs_the_caller_two_seconds() -> None:
    async def main() -> None:
        async with world() as w:
            w.directory.delay = 100
            leg = w.call_in()
            await asyncio.sleep(2.1)
            assert leg.said == ["503"]

    run(main())


def test_a_call_to_a_client_becomes_a_dial() -> None:
    async def main() -> None:
        async with world() as w:
            leg = w.call_in("alice")
            await settle()
            document = w.script.calls[0].application.document
            assert document == "<Response><Dial><Client>alice</Client></Dial></Response>"
            leg.ends()

    run(main())


def test_a_clients_own_application_runs_whatever_it_dials() -> None:
    async def main() -> None:
        async with world() as w:
            own = Application(url="http://own.test/")
            leg = w.call_in("1000", client=replace(w.directory.clients["bob"], application=own), sender="bob")
            await settle()
            call = w.script.calls[0]
            assert (call.application, call.facts.from_, call.facts.number_sid) == (own, "client:bob", None)
            leg.ends()

    run(main())


def test_a_caller_who_was_challenged_is_forgotten() -> None:
    async def main() -> None:
        async with world() as w:
            leg = LegTwin(w.sessions.create())

            async def admit() -> Invitation | None:
                return None

            w.board.receive(leg, admit)
            await settle()
            assert w.board.idle
            assert w.log.events == []

    run(main())


def test_a_full_switchboard_says_so() -> None:
    async def main() -> None:
        async with world(CallSettings(max_concurrent=1)) as w:
            first = w.call_in()
            second = w.call_in()
            assert second.said == ["503"]
            with pytest.raises(CallRefused):
                await w.board.place(ORDER)
            await until(lambda: "200" in first.said)
            first.ends()

    run(main())


def test_an_order_rings_and_runs_its_application_once_answered() -> None:
    async def main() -> None:
        async with world() as w:
            facts = await w.board.place(replace(ORDER, send_digits="12"))
            assert (facts.status, facts.direction, facts.to) == ("queued", "outbound-api", "client:alice")
            await settle()
            (far,) = w.far
            assert ("X-RestComm-CallSid", facts.sid) in far.headers
            far.rings()
            assert w.board.live(facts.sid).status == "ringing"
            assert w.script.calls == []
            far.picks_up()
            await until(lambda: bool(w.script.calls))
            assert w.engine.line(far.media.id).keys == ["1", "2"]
            assert w.script.calls[0].facts.sip_headers == {"X-Desk": "7"}
            far.ends()
            await settle()
            assert w.statuses(facts.sid) == ["queued", "ringing", "in-progress", "completed"]

    run(main())


def test_all_devices_of_a_client_ring_and_the_first_wins() -> None:
    async def main() -> None:
        async with world() as w:
            w.exchange.devices["alice"] = ["sip:alice@desk", "sip:alice@mobile"]
            facts = await w.board.place(ORDER)
            await settle()
            desk, mobile = w.far
            mobile.picks_up()
            await settle()
            assert desk.said == ["INVITE", "drop"]
            assert w.board.live(facts.sid).status == "in-progress"
            assert w.script.calls[0].media is mobile.media
            mobile.ends()

    run(main())


@pytest.mark.parametrize("to", ["client:nobody", "client:bob", "+4989123"])
def test_an_order_that_leads_nowhere_is_refused(to: str) -> None:
    async def main() -> None:
        async with world() as w:
            with pytest.raises(CallRefused):
                await w.board.place(replace(ORDER, to=to))
            assert w.log.events == []

    run(main())


def test_an_order_to_a_number_goes_through_the_gateway() -> None:
    async def main() -> None:
        async with world() as w:
            w.exchange.leads_to("trunk.test")
            facts = await w.board.place(replace(ORDER, to="+4989123?Ticket=7"))
            await settle()
            destination = w.far[0].destination
            assert (facts.to, destination.uri, destination.username) == ("+4989123", "sip:+4989123@trunk.test", "trunk")
            assert destination.headers == (("X-Ticket", "7"),)
            w.far[0].ends(404)

    run(main())


def test_the_api_hangs_up_redirects_and_cancels() -> None:
    async def main() -> None:
        async with world() as w:
            seen: list[object] = []

            async def script(call: ScriptCall) -> None:
                await call.answer()
                while not isinstance(interruption := await call.interruption(), HungUp):
                    seen.append(interruption)
                seen.append(interruption)

            w.script.work = script
            leg = w.call_in()
            await until(lambda: "200" in leg.said)
            sid = w.script.calls[0].facts.sid
            other = Application(url="http://other.test/")
            with pytest.raises(CallRefused):
                await w.board.cancel(sid)
            await w.board.redirect(sid, other)
            await settle()
            facts = await w.board.hangup(sid)
            assert facts.status == "completed"
            await settle()
            assert seen == [Redirected(application=other), HungUp(by_far_end=False)]
            for change in (w.board.hangup(sid), w.board.cancel(sid), w.board.redirect(sid, other)):
                with pytest.raises(CallRefused):
                    await change
            placed = await w.board.place(ORDER)
            with pytest.raises(CallRefused):
                await w.board.redirect(placed.sid, other)
            assert (await w.board.cancel(placed.sid)).status == "canceled"
            again = await w.board.place(ORDER)
            assert (await w.board.hangup(again.sid)).status == "canceled"

    run(main())


def test_a_drain_lets_calls_finish_and_takes_no_new_ones() -> None:
    async def main() -> None:
        async with world() as w:
            leg = w.call_in()
            await until(lambda: "200" in leg.said)
            async with asyncio.TaskGroup() as tasks:
                draining = tasks.create_task(w.board.drain(30))
                await settle()
                late = w.call_in()
                assert late.said == ["503"]
                await asyncio.sleep(10)
                leg.ends()
                await settle(50)
                assert draining.done()
            assert "drop" not in leg.said

    run(main())


def test_a_drain_hangs_up_who_stays_too_long() -> None:
    async def main() -> None:
        async with world() as w:
            leg = w.call_in()
            await until(lambda: "200" in leg.said)
            before = asyncio.get_running_loop().time()
            await w.board.drain(30)
            assert round(asyncio.get_running_loop().time() - before) == 30
            assert (leg.said[-1], w.ended()[0].call.reason) == ("drop", "the server is shutting down")

    run(main())


def test_a_call_that_breaks_while_it_is_closed_ends_no_other() -> None:
    async def main() -> None:
        async with world() as w:
            broken, sound = w.call_in(), w.call_in()

            async def closed() -> None:
                raise RuntimeError("a defect")

            broken.closed = closed  # type: ignore[method-assign]
            await until(lambda: broken.said[-1:] == sound.said[-1:] == ["200"])
            broken.ends()
            await settle()
            assert (len(w.board), len(w.ended())) == (1, 1)
            await broken.media.close()
            sound.ends()
            await settle()
            assert (w.board.idle, len(w.ended())) == (True, 2)

    run(main())


def test_a_node_that_stops_tells_the_end_of_every_call() -> None:
    async def main() -> None:
        seen: list[World] = []

        async def stop() -> None:
            async with world() as w:
                seen.append(w)
                leg = w.call_in()
                await until(lambda: "200" in leg.said)
                raise KeyError

        with pytest.raises(ExceptionGroup):
            await stop()
        assert [(event.call.status, event.call.reason) for event in seen[0].ended()] == [
            ("failed", "the server stopped")
        ]
        await settle(50)
        assert seen[0].board.idle

    run(main())


def test_a_thousand_callers_who_hang_up_at_any_moment_leave_nothing_behind() -> None:
    dice = random.Random(7)

    async def verbs(call: ScriptCall) -> None:
        await call.answer()
        try:
            async with asyncio.TaskGroup() as tasks:
                verb = tasks.create_task(do(call))
                while not isinstance(await call.interruption(), HungUp):
                    pass
                verb.cancel()
        except* MediaFailed:
            pass

    async def do(call: ScriptCall) -> None:
        await call.media.play(Tone(frequencies=(400.0,), on=dice.randrange(1, 3000)))
        await call.dial(DialRequest(targets=(ClientTarget(login="alice"),), timeout=2, time_limit=2))
        await call.media.send_digits("1w2")
        await call.hangup()

    def behave(leg: LegTwin) -> None:
        loop = asyncio.get_running_loop()
        what = dice.choice([leg.rings, leg.picks_up, lambda: leg.ends(486), lambda: None])
        timers.append(loop.call_later(dice.random() * 2, lambda: None if leg.ended else what()))

    timers: list[asyncio.TimerHandle] = []

    async def main() -> None:
        async with world() as w:
            w.script.work = verbs
            w.exchange.behaviour = behave
            loop = asyncio.get_running_loop()
            for _ in range(1_000):
                leg = w.call_in()
                timers.append(loop.call_later(dice.random() * 9, leg.ends))
                await asyncio.sleep(0.02)
            await until(lambda: w.board.idle, within=60)
            created = [event.call.sid for event in w.log.events if isinstance(event, CallCreated)]
            ended = [event.call.sid for event in w.ended()]
            assert len(created) > 1_100
            assert sorted(created) == sorted(ended)
            assert all(leg.ended for leg in w.far)
            for timer in timers:
                timer.cancel()

    run(main())


def test_an_order_to_a_number_connects_over_the_next_gateway_when_one_fails() -> None:
    async def main() -> None:
        async with world() as w:
            w.exchange.leads_to("one.test", "two.test", "three.test")
            facts = await w.board.place(replace(ORDER, to="+4989123"))
            await settle()
            w.far[0].ends(503)
            await settle()
            w.far[1].ends(500)
            await settle()
            assert [leg.destination.uri for leg in w.far] == [f"sip:+4989123@{n}.test" for n in ("one", "two", "three")]
            w.far[2].rings()
            w.far[2].picks_up()
            await settle()
            assert w.statuses(facts.sid)[-1] == "in-progress"
            assert w.exchange.trunks.seized == 1
            w.far[2].ends()
            await settle()
            (end,) = w.ended()
            assert end.call.trunk_sid == "T"
        assert w.exchange.trunks.seized == 0

    run(main())


def test_the_time_to_ring_counts_over_all_gateways() -> None:
    async def main() -> None:
        async with world() as w:
            w.exchange.leads_to("one.test", "two.test")
            facts = await w.board.place(replace(ORDER, to="+4989123", timeout=10.0))
            await asyncio.sleep(6)
            w.far[0].ends(503)
            await asyncio.sleep(3.9)
            assert w.board.live(facts.sid) is not None
            await asyncio.sleep(0.2)
            assert w.statuses(facts.sid)[-1] == "no-answer"

    run(main())


def test_an_order_fails_with_the_word_of_every_gateway() -> None:
    async def main() -> None:
        async with world() as w:
            w.exchange.leads_to("one.test", "two.test")
            await w.board.place(replace(ORDER, to="+4989123"))
            for number in range(2):
                await settle()
                w.far[number].ends(503)
            await settle()
            (end,) = w.ended()
            assert (end.call.status.value, end.call.sip_code) == ("failed", 503)
            assert "carrier (sip:one.test): 503; carrier (sip:two.test): 503" in end.call.reason

    run(main())


def test_an_account_has_no_more_calls_than_it_may_in_either_direction() -> None:
    async def main() -> None:
        async with world(CallSettings(max_calls_per_account=2)) as w:
            first = w.call_in("1000")
            await until(lambda: "200" in first.said)
            second = await w.board.place(ORDER)
            with pytest.raises(CallRefused, match="as many as it may have") as refused:
                await w.board.place(ORDER)
            assert refused.value.code == 10004
            third = w.call_in("1000")
            await until(lambda: third.ended)
            assert third.said == ["480"]
            await w.board.hangup(second.sid)
            fourth = w.call_in("1000")
            await until(lambda: "200" in fourth.said)
            first.ends()
            fourth.ends()

    run(main())


def test_an_account_begins_calls_no_faster_than_it_may() -> None:
    async def main() -> None:
        async with world(CallSettings(max_rate_per_account=1.0)) as w:
            for _ in range(10):
                await w.board.place(ORDER)
            with pytest.raises(CallRefused, match="calls a second") as refused:
                await w.board.place(ORDER)
            assert refused.value.code == 20429
            await asyncio.sleep(1.0)
            await w.board.place(ORDER)
            for call in w.board.live_calls():
                await w.board.hangup(call.sid)

    run(main())
