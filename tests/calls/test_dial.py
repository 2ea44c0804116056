from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from offhook.calls.dialing import (
    ClientTarget,
    DialOutcome,
    DialRecording,
    DialRequest,
    DialStatus,
    NumberTarget,
    SipTarget,
)
from offhook.calls.events import RecordingEnded, RecordingStarted
from offhook.calls.script import Application, Redirected, ScriptCall
from offhook.media.commands import Bridge
from offhook.media.progress_tones import Signal, tones
from tests.calls.twins import LegTwin, World, world
from tests.support.virtual_loop import run, settle, until

(RINGBACK,) = tones(Signal.RINGBACK, "US")

DESK, MOBILE = SipTarget(uri="sip:desk@one.test"), SipTarget(uri="sip:mobile@two.test")
BOTH = DialRequest(targets=(DESK, MOBILE))


class Dialled:
    """A caller whose application dials."""

    def __init__(self, w: World) -> None:
        self.w = w
        self.outcome: DialOutcome | None = None
        self.told: list[DialOutcome] = []
        self.leg: LegTwin
        self.call: ScriptCall

    @property
    def far(self) -> list[LegTwin]:
        return self.w.far


@asynccontextmanager
async def dial(request: DialRequest, *, trunk: str | None = None) -> AsyncIterator[Dialled]:
    async with world() as w:
        d = Dialled(w)
        if trunk is not None:
            w.exchange.leads_to(trunk)

        async def script(call: ScriptCall) -> None:
            """As the interpreter does: the verb is raced against the interruption and cancelled by it."""
            d.call = call
            if call.facts.parent_sid is not None:
                await call.interruption()
                return
            await call.answer()
            async with asyncio.TaskGroup() as tasks:
                verb = tasks.create_task(verb_of(call))
                watch = tasks.create_task(call.interruption())
                await asyncio.wait({verb, watch}, return_when=asyncio.FIRST_COMPLETED)
                verb.cancel()
                watch.cancel()
            if watch.done() and not watch.cancelled() and isinstance(watch.result(), Redirected):
                await call.interruption()

        async def verb_of(call: ScriptCall) -> None:
            d.outcome = await call.dial(replace(request, on_end=d.told.append))
            await asyncio.sleep(1_000)

        w.script.work = script
        d.leg = w.call_in()
        await until(
            lambda: len(w.far) == len(request.targets) and all(leg.said for leg in w.far) or d.outcome is not None
        )
        yield d
        if not d.leg.ended:
            d.leg.ends()
        await settle(50)


def bridged(w: World) -> bool:
    return any(isinstance(command, Bridge) for command in w.engine.commands)


def test_the_first_who_answers_is_linked_and_the_others_are_dropped() -> None:
    async def main() -> None:
        async with dial(BOTH) as d:
            desk, mobile = d.far
            assert [heard.source for heard in d.w.engine.heard(d.leg.media.id)] == [RINGBACK]
            await asyncio.sleep(3)
            mobile.picks_up()
            await settle()
            assert (desk.said, bridged(d.w)) == (["INVITE", "drop"], True)
            await asyncio.sleep(42)
            mobile.ends()
            await settle()
            assert d.outcome == d.told[0]
            assert (d.outcome.status, d.outcome.duration, d.outcome.ring_duration) == (DialStatus.COMPLETED, 42, 3)
            assert d.outcome.bridged
            assert d.outcome.sip_headers == (("X-Desk", "7"),)
            assert not d.leg.ended, "the caller's script goes on"

    run(main())


def test_of_two_who_answer_in_the_same_moment_one_is_hung_up_and_its_call_ends() -> None:
    async def main() -> None:
        async with dial(BOTH) as d:
            desk, mobile = d.far
            desk.picks_up()
            mobile.picks_up()
            await settle()
            assert (desk.said, mobile.said) == (["INVITE"], ["INVITE", "drop"])
            late = next(event.call.sid for event in d.w.log.events if event.call.to == "sip:mobile@two.test")
            assert d.w.statuses(late) == ["queued", "in-progress", "completed"]

    run(main())


def test_far_ends_are_calls_of_their_own() -> None:
    async def main() -> None:
        async with dial(BOTH) as d:
            sids = [event.call for event in d.w.log.events if event.call.direction == "outbound-dial"]
            assert [(facts.parent_sid, facts.from_, facts.to) for facts in sids] == [
                (d.call.facts.sid, "+1555", "sip:desk@one.test"),
                (d.call.facts.sid, "+1555", "sip:mobile@two.test"),
            ]
            desk, mobile = d.far
            desk.rings()
            desk.picks_up()
            await settle()
            desk.ends()
            await settle()
            assert d.w.statuses(sids[0].sid) == ["queued", "ringing", "in-progress", "completed"]
            assert d.w.statuses(sids[1].sid) == ["queued", "canceled"]
            assert mobile.said == ["INVITE", "drop"]

    run(main())


@pytest.mark.parametrize(
    ("codes", "status"),
    [
        ((486, 404), DialStatus.BUSY),
        ((404, 603), DialStatus.BUSY),
        ((408, 500), DialStatus.NO_ANSWER),
        ((500, 404), DialStatus.FAILED),
        ((487, 500), DialStatus.CANCELED),
    ],
)
def test_of_several_refusals_the_most_telling_counts(codes: tuple[int, int], status: DialStatus) -> None:
    async def main() -> None:
        async with dial(BOTH) as d:
            for leg, code in zip(d.far, codes, strict=True):
                leg.ends(code)
            await settle()
            assert d.outcome.status is status
            assert (d.outcome.duration, d.outcome.bridged, d.outcome.sip_code in codes) == (0, False, True)
            assert d.outcome.call_sid is not None

    run(main())


def test_nobody_answers_in_time() -> None:
    async def main() -> None:
        async with dial(replace(BOTH, timeout=12)) as d:
            await asyncio.sleep(13)
            assert d.outcome.status is DialStatus.NO_ANSWER
            assert all(leg.said == ["INVITE", "drop"] for leg in d.far)
            assert d.w.engine.heard(d.leg.media.id)[0].duration is not None, "the ringback stopped"

    run(main())


def test_targets_that_lead_nowhere_are_left_out() -> None:
    async def main() -> None:
        targets = (ClientTarget(login="bob"), NumberTarget(number="+49"))
        async with dial(DialRequest(targets=targets)) as d:
            await settle()
            assert (d.outcome.status, d.outcome.call_sid) == (DialStatus.FAILED, None)
            assert "gateway" in d.outcome.reason
            assert [reason.split()[-1] for reason in d.outcome.not_rung] == ["registered", "reached"]
            assert d.far == []

    run(main())


def test_a_number_goes_through_the_gateway_and_its_digits_go_first() -> None:
    async def main() -> None:
        request = DialRequest(targets=(NumberTarget(number="+49", send_digits="7w8"),), caller_id="+1999")
        async with dial(request, trunk="trunk.test") as d:
            (far,) = d.far
            assert (far.destination.uri, far.destination.from_user) == ("sip:+49@trunk.test", "+1999")
            far.picks_up()
            await settle()
            assert not bridged(d.w)
            await asyncio.sleep(3)
            assert d.w.engine.line(far.media.id).keys == ["7", "8"]
            assert bridged(d.w)

    run(main())


def test_headers_behind_a_target_go_into_its_invite() -> None:
    async def main() -> None:
        target = SipTarget(uri="sip:desk@one.test?Ticket=7&X-A=b%0D%0Ac", username="u", password="p")
        async with dial(DialRequest(targets=(target,), headers=(("X-All", "1"),))) as d:
            destination = d.far[0].destination
            assert destination.uri == "sip:desk@one.test"
            assert destination.headers == (("X-All", "1"), ("X-Ticket", "7"), ("X-A", "bc"))
            assert (destination.username, destination.password) == ("u", "p")

    run(main())


def test_a_caller_who_hangs_up_while_it_rings_drops_the_far_ends() -> None:
    async def main() -> None:
        async with dial(BOTH) as d:
            d.leg.ends()
            await settle()
            assert all(leg.said == ["INVITE", "drop"] for leg in d.far)
            assert [outcome.status for outcome in d.told] == [DialStatus.CANCELED]

    run(main())


def test_a_caller_who_hangs_up_in_conversation_still_tells_how_long_it_was() -> None:
    async def main() -> None:
        async with dial(DialRequest(targets=(DESK,))) as d:
            d.far[0].picks_up()
            await settle()
            await asyncio.sleep(30)
            d.leg.ends()
            await settle()
            assert [(told.status, told.duration, told.bridged) for told in d.told] == [(DialStatus.COMPLETED, 30, True)]
            assert d.far[0].said[-1] == "drop"

    run(main())


def test_a_star_ends_the_conversation_only_when_asked_to() -> None:
    async def main(*, asked: bool) -> bool:
        async with dial(DialRequest(targets=(DESK,), hangup_on_star=asked)) as d:
            d.far[0].picks_up()
            await settle()
            d.w.engine.press(d.leg.media.id, "1*")
            await settle()
            assert not d.leg.ended
            return d.far[0].ended

    assert run(main(asked=True))
    assert not run(main(asked=False))


def test_a_conversation_ends_at_its_time_limit() -> None:
    async def main() -> None:
        async with dial(DialRequest(targets=(DESK,), time_limit=60)) as d:
            d.far[0].picks_up()
            await asyncio.sleep(61)
            assert (d.outcome.status, d.outcome.duration, d.far[0].ended) == (DialStatus.COMPLETED, 60, True)

    run(main())


@pytest.mark.parametrize("mode", [DialRecording.MIXED, DialRecording.DUAL])
def test_a_recorded_conversation_has_a_recording(mode: DialRecording, tmp_path) -> None:
    async def main() -> None:
        async with dial(DialRequest(targets=(DESK,), record=mode)) as d:
            d.far[0].picks_up()
            await asyncio.sleep(5)
            d.far[0].ends()
            await settle(30)
            started = [event for event in d.w.log.events if isinstance(event, RecordingStarted)]
            ended = [event for event in d.w.log.events if isinstance(event, RecordingEnded)]
            assert [event.source for event in started] == ["DialVerb"]
            assert [event.sid for event in ended] == [started[0].sid] == [d.outcome.recording_sid]
            assert d.outcome.recording_duration == ended[0].duration

    run(main())


def test_a_redirected_far_end_lives_on_and_the_caller_goes_on() -> None:
    async def main() -> None:
        async with dial(DialRequest(targets=(DESK,))) as d:
            caller = d.call.facts.sid
            d.far[0].picks_up()
            await settle()
            child = next(facts for facts in d.w.board.live_calls() if facts.parent_sid == caller)
            other = Application(url="http://other.test/")
            await d.w.board.redirect(child.sid, other)
            await settle()
            assert (d.outcome.status, d.far[0].ended, d.leg.ended) == (DialStatus.COMPLETED, False, False)
            assert (d.call.facts.sid, d.call.application) == (child.sid, other)
            d.far[0].ends()

    run(main())


def test_a_redirected_caller_lets_the_far_end_go() -> None:
    async def main() -> None:
        async with dial(DialRequest(targets=(DESK,))) as d:
            d.far[0].picks_up()
            await settle()
            await d.w.board.redirect(d.call.facts.sid, Application(url="http://other.test/"))
            await settle()
            assert (d.far[0].said[-1], d.leg.ended) == ("drop", False)
            assert [outcome.status for outcome in d.told] == [DialStatus.COMPLETED]

    run(main())


def test_hanging_up_the_far_end_by_the_api_completes_the_dial() -> None:
    async def main() -> None:
        async with dial(DialRequest(targets=(DESK,))) as d:
            child = next(facts for facts in d.w.board.live_calls() if facts.parent_sid is not None)
            await d.w.board.hangup(child.sid)
            await settle()
            assert d.outcome.status is DialStatus.CANCELED

    run(main())
