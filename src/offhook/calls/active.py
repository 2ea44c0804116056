"""A call that is live: its machine, its leg, its script, in one task. It is the ``ScriptCall`` that scripts see.

Whatever ends the call (either side, the API, a timer) ends the leg; the leg's end interrupts the script, never the task
that runs it; and when the script has returned, the last event is published. Routing and forking are done elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import assert_never, cast

import structlog

from offhook.calls import closing
from offhook.calls.answering_machine import AnsweredBy
from offhook.calls.call import Call, Input, input_of_refusal
from offhook.calls.desk import Desk
from offhook.calls.dialing import DialOutcome, DialRequest
from offhook.calls.events import CallEvent, CallFacts
from offhook.calls.interruptions import Interruptions
from offhook.calls.keys import KeyBuffer
from offhook.calls.leg import (
    EarlyMedia,
    Leg,
    LegAnswered,
    LegDigit,
    LegEnded,
    LegEvent,
    LegFailed,
    LegHeld,
    LegReferred,
    LegRinging,
    OutgoingLeg,
    labels,
)
from offhook.calls.machine_detection import detection, news
from offhook.calls.recording import LiveRecording, RecordingOrder
from offhook.calls.recordings import Recordings
from offhook.calls.script import Application, HungUp, Interruption, Redirected
from offhook.calls.surroundings import Plan, Surroundings
from offhook.media.operation import MediaFailed
from offhook.media.session import MediaSession
from offhook.vocabulary.statuses import CallStatus, Direction

log = structlog.get_logger(__name__)


class ActiveCall:
    """One live call. ``run`` is its whole life; everything else steers it and never blocks unless it is ``async``."""

    def __init__(self, call: Call, leg: Leg, plan: Plan, around: Surroundings, desk: Desk) -> None:
        self.keys = KeyBuffer(around.settings.digit_buffer)
        self.watchers: set[Callable[[], None]] = set()
        """Told whenever something changed that a dial, a link or a transfer may wait for."""
        self.partner: ActiveCall | None = None
        """Whom it hears."""
        self.part: Callable[[], Awaitable[None]] | None = None
        """Ends its link with the partner."""
        self.held = False  # by its far end
        self.transfer: object | None = None
        """The transfer that has it in hand: dials leave it alone until that is over."""
        self.place: MediaSession | None = None
        """Where another call has taken its far end's place: it hears ``media`` there, and is heard in it."""
        self.redirected = False
        """Whether somebody gave it another application: then it belongs to no dial any more."""
        self.early: EarlyMedia | None = None
        """Where the far end is heard before it answers."""
        self.ready = False  # answered, and what was to be sent ahead has been sent
        self.recordings = Recordings(around)
        self.client = plan.client
        self._call = call
        self._leg = leg
        self._plan = plan
        self._around = around
        self._desk = desk
        self._application = plan.application
        self._interruptions = Interruptions()
        self._intent: tuple[Input, str] | None = None
        self._decided = asyncio.Event()
        self._finished = asyncio.Event()
        self._patience: asyncio.Timeout | None = None
        self._limit: asyncio.TimerHandle | None = None
        leg.listen(self._on_leg)

    # What a script sees

    @property
    def facts(self) -> CallFacts:
        return self._call.facts

    @property
    def application(self) -> Application:
        assert self._application is not None
        return self._application

    @property
    def media(self) -> MediaSession:
        return self._leg.media

    @property
    def answered(self) -> bool:
        return self.facts.answered_at is not None

    @property
    def over(self) -> bool:
        """Whether the leg has ended; the script may still have something to do."""
        return self._interruptions.hung_up is not None

    async def answer(self) -> None:
        """Answer, once the row of the call is durable. When it cannot, the call ends and the interruption says so."""
        if self.answered or self.over:
            return
        try:
            async with asyncio.timeout(self._around.settings.durable_timeout):
                await self._around.events.settled()
            await self._leg.answer()
        except TimeoutError:
            self._refuse(Input.FAIL, 503, "the record of the call could not be stored in time")
        except LegFailed as failure:
            self._refuse(Input.FAIL, failure.sip_code or 500, str(failure))

    async def progress(self) -> bool:
        """Let a caller hear us before the answer; whether that is so. When it cannot be, an answer would fail as well."""
        if self.answered or self.over:
            return self.answered and not self.over
        try:
            await self._leg.progress()
        except LegFailed as failure:
            self._refuse(Input.FAIL, failure.sip_code or 500, str(failure))
        return self.media.local is not None and not self.over

    async def refuse(self, sip_code: int, reason: str) -> None:
        self._refuse(input_of_refusal(sip_code), sip_code, reason)

    async def hangup(self, reason: str = "") -> None:
        if self._interruptions.redirect is None:  # one that was granted in this very moment is carried out
            self.drop(Input.HANG_UP, reason)

    async def interruption(self) -> Interruption:
        interruption = await self._interruptions.next()
        if isinstance(interruption, Redirected):
            self._application = interruption.application
        return interruption

    async def dial(self, request: DialRequest) -> DialOutcome:
        return await self._desk.dial(self, request)

    async def digit(self) -> str:
        return await self.keys.next()

    def flush_digits(self) -> None:
        self.keys.flush()

    def start_recording(self, order: RecordingOrder) -> LiveRecording:
        return self.recordings.start(self.facts, self.media, order)

    def publish(self, event: CallEvent) -> None:
        self._around.events.publish(event)

    # What the switchboard and dials do

    @property
    def leg(self) -> Leg:
        return self._leg

    @property
    def independent(self) -> bool:
        """Whether it goes on when the call that it talks to is over: a script runs it, or a transfer has it in hand."""
        return self.redirected or self.transfer is not None or self._application is not None

    def changed(self) -> None:
        """Tell whoever waits that something about this call is different now."""
        self._interruptions.tell()
        if self.answered or self.over:
            self._decided.set()
        for watcher in tuple(self.watchers):
            watcher()

    def redirect(self, application: Application) -> None:
        """Interrupt what runs in favour of ``application``."""
        self._interruptions.redirect = application
        self.redirected = True
        self.changed()

    def drop(self, happened: Input, reason: str = "") -> None:
        """Begin to end the call, in whatever state."""
        if not self.over:
            self._intent = self._intent or (happened, reason)
            self._leg.drop(reason)

    async def until_over(self, timeout: float) -> bool:
        """Wait until the leg has ended; False when that took longer than ``timeout`` seconds."""
        try:
            async with asyncio.timeout(timeout):
                await self._finished.wait()
        except TimeoutError:
            return False
        return True

    def answered_by(self, who: AnsweredBy, milliseconds: int) -> None:
        """Note who answered, and have those told who wanted to know."""
        self._call.answered_by(who.value, milliseconds)
        for event in news(self.facts, self._plan.machine_detection, self._around.clock.utc()):
            self.publish(event)

    def announce(self) -> None:
        """Say that the call exists; before ``run``."""
        self._leg.label(labels(self.facts))
        self.publish(self._call.created())
        facts = self.facts
        log.info("call_created", call=facts.sid, direction=facts.direction.value, from_=facts.from_, to=facts.to)

    async def run(self) -> None:
        """The whole life of the call; returns when leg, media and script are gone. Raises nothing of its own."""
        try:
            await self._live()
        except (LegFailed, MediaFailed) as failure:
            self._fail(failure.sip_code if isinstance(failure, LegFailed) else None, str(failure))
        except Exception:
            log.exception("call_broke", call=self.facts.sid)
            self._fail(None, "internal error")
        finally:
            await self._close()
            self._let_go()

    # Its life

    async def _live(self) -> None:
        if self.facts.direction is Direction.INBOUND:
            self._leg.ring()
            self._apply(Input.RING)
        else:
            await self._set_up()
        if self.facts.direction is not Direction.INBOUND and self.answered and not self.over:
            await self._after_answer()
        async with detection(self, self._plan.machine_detection if self.answered else None):
            await self._follow_application()

    async def _follow_application(self) -> None:
        if self._application is None:
            interruption = await self.interruption()
            if isinstance(interruption, HungUp):
                return
        if not self.over:
            await self._run_script()

    async def _set_up(self) -> None:
        leg = cast("OutgoingLeg", self._leg)  # the switchboard gives every outbound call one
        try:
            async with asyncio.timeout(self._around.settings.setup_timeout):
                await leg.invite()
                self._call.identify(self._leg.call_id, self._leg.call_ids, self._leg.trunk)
        except TimeoutError:
            raise LegFailed("the call could not be set up in time") from None
        try:
            async with asyncio.timeout(self._plan.ring_timeout):
                await self._decided.wait()
        except TimeoutError:
            if self.answered:  # at the very moment
                return
            self.drop(Input.NO_ANSWER, f"nobody answered within {self._plan.ring_timeout:g} s")

    async def _after_answer(self) -> None:
        if self._plan.record is not None:
            self.recordings.attempt(self.facts, self.media, self._plan.record)
        if self._plan.send_digits:
            await self.media.send_digits(self._plan.send_digits)
        self.ready = True
        self.changed()

    async def _run_script(self) -> None:
        patience = self._patience = asyncio.timeout(None)
        try:
            async with patience:
                if self.over:
                    self._start_grace()
                await self._around.script.run(self)
                while not self.over and (wanted := self._interruptions.take()) is not None:
                    self._application = wanted
                    await self._around.script.run(self)
        except TimeoutError:
            if not patience.expired():
                raise
            log.warning("script_cancelled", call=self.facts.sid, grace=self._around.settings.script_grace)
        finally:
            self._patience = None
        self.drop(Input.HANG_UP)

    async def _close(self) -> None:
        """Publish the last event, whatever happened, and see that nothing of the leg stays behind."""
        self.drop(Input.FAIL, "the server stopped")
        limit = self._around.settings.hangup_timeout
        try:
            await self.recordings.finish()
            for measured in await closing.measured(self.facts, self._leg, self._around.clock, limit):
                self.publish(measured)
        finally:
            for event in self._call.ended(self._around.clock.utc()):
                self.publish(event)
        await closing.let_close(self.facts, self._leg, limit)

    def _let_go(self) -> None:
        """Undo what makes a circle of call, leg and media, so that all are freed at once and not by the collector."""
        self._leg.listen(_nobody)
        self._leg.media.on_digit = self._leg.media.on_lost = None
        self.keys.on_key = self.keys.relay = self.partner = self.part = self._limit = self.early = None
        self.watchers.clear()

    # What the leg says

    def _on_leg(self, event: LegEvent) -> None:
        self._call.identify(self._leg.call_id, self._leg.call_ids, self._leg.trunk)
        match event:
            case LegRinging(early_media=early):
                self._apply(Input.RING)
                if early:
                    self.early = EarlyMedia(session=self.media, since=asyncio.get_running_loop().time())
                    self.changed()
            case LegAnswered(headers=headers):
                self._answered_by(dict(headers))
            case LegDigit(digit=digit):
                self.keys.take(digit, signalled=True)
            case LegHeld(held=held):
                self.held = held
                self.changed()
            case LegReferred(referral=referral):
                self._desk.refer(self, referral)
            case LegEnded():
                self._leg_over(event)
            case never:
                assert_never(never)

    def _answered_by(self, headers: dict[str, str]) -> None:
        self._leg.media.on_digit = self.keys.take
        self._leg.media.on_lost = self._lost
        for event in self._call.apply(Input.ANSWER, self._around.clock.utc(), sip_headers=headers):
            self.publish(event)
        log.info("call_answered", call=self.facts.sid)
        self._limit = asyncio.get_running_loop().call_later(
            self._plan.time_limit, self.drop, Input.HANG_UP, f"the time limit of {self._plan.time_limit:g} s"
        )
        self.changed()

    def _leg_over(self, event: LegEnded) -> None:
        happened, reason = self._intent or (self._meaning(event), event.reason)
        self._call.apply(
            happened, self._around.clock.utc(), reason=reason, sip_code=event.sip_code, sip_headers=event.headers
        )
        self._interruptions.hung_up = HungUp(by_far_end=event.by_far_end and self._intent is None)
        facts = self.facts
        log.info("call_ended", call=facts.sid, **self._call.outcome)
        if self._limit is not None:
            self._limit.cancel()
        self._start_grace()
        self._finished.set()
        self.changed()

    def _meaning(self, event: LegEnded) -> Input:
        if self.answered:
            return Input.HANG_UP
        if self.facts.direction is Direction.INBOUND and event.by_far_end:
            return Input.CANCEL
        return input_of_refusal(event.sip_code)

    def _start_grace(self) -> None:
        if self._patience is not None:
            self._patience.reschedule(asyncio.get_running_loop().time() + self._around.settings.script_grace)

    def _apply(self, happened: Input) -> None:
        for event in self._call.apply(happened, self._around.clock.utc()):
            self.publish(event)
            self.changed()

    def _refuse(self, happened: Input, sip_code: int, reason: str) -> None:
        if self.over:
            return
        self._intent = self._intent or (happened, reason)
        if self.answered or self.facts.direction is not Direction.INBOUND:
            self._leg.drop(reason)
        else:
            self._leg.refuse(sip_code, reason)

    def _fail(self, sip_code: int | None, reason: str) -> None:
        if self.facts.status is CallStatus.IN_PROGRESS:
            self.drop(Input.FAIL, reason)
        else:
            self._refuse(Input.FAIL, sip_code or 500, reason)

    def _lost(self, reason: str) -> None:
        self.drop(Input.HANG_UP, reason)


def _nobody(event: LegEvent) -> None:
    """Listens to a leg whose call is over."""
