from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from offhook.calls.control import CallOrder
from offhook.calls.events import CallCreated
from offhook.calls.leg import LegFailed
from offhook.calls.recording import RecordingOrder
from offhook.calls.script import Application, HungUp, ScriptCall
from offhook.calls.settings import CallSettings
from offhook.vocabulary.sids import AccountSid
from tests.calls.twins import APP, answer_and_wait, world
from tests.support.virtual_loop import run, settle, until

ORDER = CallOrder(account_sid=AccountSid("AC1"), to="client:alice", from_="+1555", application=APP)


def test_a_call_is_not_answered_before_its_row_is_durable() -> None:
    async def main() -> None:
        async with world() as w:
            w.log.delay = 3.0
            leg = w.call_in()
            await asyncio.sleep(2.9)
            assert leg.said == ["180"]
            await asyncio.sleep(0.2)
            assert leg.said == ["180", "200"]
            assert any(isinstance(event, CallCreated) for event in w.log.events[: w.log.durable])
            leg.ends()

    run(main())


def test_a_call_whose_row_does_not_become_durable_is_refused() -> None:
    async def main() -> None:
        async with world() as w:
            w.log.delay = 60.0
            leg = w.call_in()
            await asyncio.sleep(6)
            assert leg.said == ["180", "503"]
            assert w.ended()[0].call.status == "failed"
            assert "stored" in str(w.ended()[0].call.reason)

    run(main())


def test_a_caller_who_gives_up_before_the_answer_leaves_a_canceled_call() -> None:
    async def main() -> None:
        async with world() as w:

            async def think(call: ScriptCall) -> None:
                assert isinstance(await call.interruption(), HungUp)
                await call.answer()

            w.script.work = think
            leg = w.call_in()
            await settle()
            leg.ends(487)
            await settle()
            assert leg.said == ["180"]
            assert [event.call.status for event in w.ended()] == ["canceled"]

    run(main())


def test_a_script_that_breaks_fails_its_call_and_no_other() -> None:
    async def main() -> None:
        async with world() as w:

            async def breaks(call: ScriptCall) -> None:
                await call.answer()
                if call.facts.from_ == "bad":
                    raise RuntimeError("boom")
                await answer_and_wait(call)

            w.script.work = breaks
            good, bad = w.call_in(), w.call_in(sender="bad")
            await asyncio.sleep(1)
            assert (bad.ended, good.ended) == (True, False)
            assert [(event.call.status, event.call.reason) for event in w.ended()] == [("failed", "internal error")]
            good.ends()

    run(main())


def test_a_script_that_ends_hangs_up() -> None:
    async def main() -> None:
        async with world() as w:
            w.script.work = lambda call: call.answer()
            leg = w.call_in()
            await until(lambda: leg.ended)
            assert leg.said == ["180", "200", "drop"]

    run(main())


def test_a_redirect_in_the_moment_of_the_hangup_is_carried_out() -> None:
    async def main() -> None:
        async with world() as w:
            other = Application(url="http://app.test/other")
            ran = []

            async def work(call: ScriptCall) -> None:
                await call.answer()
                ran.append(call.application)
                if len(ran) == 1:
                    await w.board.redirect(call.facts.sid, APP)
                    await w.board.redirect(call.facts.sid, other)
                await call.hangup("the document ended")

            w.script.work = work
            leg = w.call_in()
            await until(lambda: leg.ended)
            assert ran == [APP, other]

    run(main())


def test_a_script_refuses_a_call() -> None:
    async def main() -> None:
        async with world() as w:
            w.script.work = lambda call: call.refuse(486, "busy")
            leg = w.call_in()
            await settle()
            assert leg.said == ["180", "486"]
            assert [event.call.status for event in w.ended()] == ["busy"]

    run(main())


def test_media_that_fails_at_the_answer_fails_the_call() -> None:
    async def main() -> None:
        async with world() as w:
            leg = w.call_in()
            leg.failure = LegFailed("no port is free", 500)
            await settle()
            assert leg.said == ["180", "500"]
            assert w.ended()[0].call.reason == "no port is free"

    run(main())


def test_a_script_that_does_not_let_go_is_cancelled_and_the_end_is_told_after_it() -> None:
    async def main() -> None:
        async with world(CallSettings(script_grace=10)) as w:

            async def stubborn(call: ScriptCall) -> None:
                await call.answer()
                await asyncio.sleep(1_000)

            w.script.work = stubborn
            leg = w.call_in()
            await until(lambda: "200" in leg.said)
            leg.ends()
            await asyncio.sleep(9)
            assert (w.ended(), w.script.under_way) == ([], 1)
            await asyncio.sleep(2)
            assert (len(w.ended()), w.script.under_way) == (1, 0)

    run(main())


def test_keys_come_in_order_and_only_the_latest_are_kept() -> None:
    async def main() -> None:
        async with world(CallSettings(digit_buffer=3)) as w:
            leg = w.call_in()
            await until(lambda: "200" in leg.said)
            call = w.script.calls[0]
            w.engine.press(leg.media.id, "1234")
            await settle()
            assert [await call.digit() for _ in range(3)] == ["2", "3", "4"]
            w.engine.press(leg.media.id, "5")
            await settle()
            call.flush_digits()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(call.digit(), 1)
            leg.ends()

    run(main())


def test_a_far_end_that_sends_nothing_any_more_ends_the_call() -> None:
    async def main() -> None:
        async with world() as w:
            leg = w.call_in()
            await until(lambda: "200" in leg.said)
            w.engine.lose_rtp(leg.media.id, 60_000)
            await settle()
            assert leg.said[-1] == "drop"
            assert w.ended()[0].call.reason == "no audio came from the far end for 60 s"

    run(main())


def test_a_call_ends_at_its_time_limit() -> None:
    async def main() -> None:
        async with world(CallSettings(max_duration=100)) as w:
            w.call_in()
            await until(lambda: bool(w.ended()), within=200)
            assert (w.ended()[0].call.duration, w.ended()[0].call.status) == (100, "completed")

    run(main())


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (486, "busy"),
        (600, "busy"),
        (603, "busy"),
        (408, "no-answer"),
        (487, "canceled"),
        (404, "failed"),
        (None, "failed"),
    ],
)
def test_a_refusal_becomes_a_status(code: int | None, status: str) -> None:
    async def main() -> None:
        async with world() as w:
            facts = await w.board.place(ORDER)
            await settle()
            w.far[0].ends(code)
            await settle()
            assert w.statuses(facts.sid) == ["queued", status]
            assert w.ended()[0].call.sip_code == code
            assert w.script.calls == []

    run(main())


def test_nobody_picks_up() -> None:
    async def main() -> None:
        async with world() as w:
            facts = await w.board.place(replace(ORDER, timeout=20))
            await asyncio.sleep(19)
            assert not w.far[0].ended
            await asyncio.sleep(2)
            assert w.far[0].said == ["INVITE", "drop"]
            assert w.statuses(facts.sid) == ["queued", "no-answer"]

    run(main())


def test_who_picks_up_at_the_very_moment_of_the_time_out_is_answered() -> None:
    async def main() -> None:
        async with world() as w:
            order = replace(ORDER, timeout=20)
            due = asyncio.get_running_loop().time() + 20
            facts = await w.board.place(order)
            await until(lambda: bool(w.far) and w.far[0].said == ["INVITE"])
            (leg,) = w.far
            asyncio.get_running_loop().call_at(due, leg.picks_up)
            await asyncio.sleep(21)
            assert w.statuses(facts.sid) == ["queued", "in-progress"]
            leg.ends()
            await settle()
            assert w.statuses(facts.sid) == ["queued", "in-progress", "completed"]

    run(main())


def test_an_invite_that_cannot_be_sent_fails_the_call() -> None:
    async def main() -> None:
        async with world() as w:
            w.exchange.failure = LegFailed("no port is free")
            facts = await w.board.place(ORDER)
            await settle()
            assert w.statuses(facts.sid) == ["queued", "failed"]
            assert w.ended()[0].call.reason == "no port is free"

    run(main())


def test_a_recorded_order_tells_of_its_recording_before_the_end() -> None:
    async def main(tmp: list[str]) -> None:
        async with world() as w:
            await w.board.place(replace(ORDER, record=RecordingOrder(source="OutboundAPI")))
            await settle()
            w.far[0].picks_up()
            await asyncio.sleep(2)
            w.far[0].ends()
            await asyncio.sleep(1)
            tmp += [type(event).__name__ for event in w.log.events][-4:]

    names: list[str] = []
    run(main(names))
    assert names[-2:] == ["RecordingEnded", "CallEnded"]
