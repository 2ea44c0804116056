"""One <Dial>: rings others for a caller, links the first who answers, and tells what came of it.

It links two calls and owns neither: a far end that is redirected stays, and so does the caller when a far end leaves.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from offhook.calls.active import ActiveCall
from offhook.calls.call import Input
from offhook.calls.dialing import DialOutcome, DialRecording, DialRequest, DialStatus, DialTarget
from offhook.calls.errors import Unroutable
from offhook.calls.leg import ANSWERED_ELSEWHERE
from offhook.calls.link import Link
from offhook.calls.recording import RecordingOrder
from offhook.calls.ringback import Ringback
from offhook.calls.surroundings import Surroundings
from offhook.calls.tape import Tape
from offhook.media.operation import MediaFailed
from offhook.media.progress_tones import Signal, tones
from offhook.vocabulary.statuses import CallStatus, Direction

log = structlog.get_logger(__name__)

_RANK = {DialStatus.BUSY: 3, DialStatus.NO_ANSWER: 2, DialStatus.CANCELED: 1, DialStatus.FAILED: 0}
"""Of several ends without an answer, the one that says most about the person called is reported."""
_STATUS = {
    CallStatus.BUSY: DialStatus.BUSY,
    CallStatus.NO_ANSWER: DialStatus.NO_ANSWER,
    CallStatus.CANCELED: DialStatus.CANCELED,
    CallStatus.COMPLETED: DialStatus.COMPLETED,
}


class Ringer(Protocol):
    """Starts a call towards a target on behalf of another call; ``switchboard`` implements it."""

    async def ring(self, caller: ActiveCall, target: DialTarget, request: DialRequest) -> ActiveCall:
        """The call, already under way. Raises ``Unroutable``."""
        ...


@dataclass(slots=True, kw_only=True)
class _Progress:
    """How far one dial has come."""

    far: list[ActiveCall] = field(default_factory=list)
    winner: ActiveCall | None = None
    link: Link | None = None
    reason: str = ""
    not_rung: list[str] = field(default_factory=list)


class Dialling:
    """Carries out dials."""

    def __init__(self, ringer: Ringer, around: Surroundings) -> None:
        self._ringer = ringer
        self._around = around
        self._rung: dict[ActiveCall, tuple[_Progress, asyncio.Event]] = {}
        """By the far end that is rung or talked to."""

    def stand_in(self, far: ActiveCall, call: ActiveCall) -> bool:
        """Let ``call``, which is answered, win the dial that rings ``far``; False when none does any more."""
        if far not in self._rung:
            return False
        progress, news = self._rung[far]
        if progress.winner is not None:
            return False
        self._take(call, progress, news)
        news.set()
        return True

    async def dial(self, caller: ActiveCall, request: DialRequest) -> DialOutcome:
        """Ring, link, wait until it is over. Cancelling drops the far ends; ``request.on_end`` is told either way."""
        progress = _Progress()
        news = asyncio.Event()
        outcome = None
        caller.watchers.add(news.set)
        try:
            await self._ring(caller, request, progress, news)
            await self._until_answered(caller, request, progress, news)
            if progress.winner is not None and not (progress.winner.over or caller.over):
                await self._talk(caller, request, progress, news)
        finally:
            caller.watchers.discard(news.set)
            caller.keys.on_key = None
            self._release(progress, news)
            try:
                if caller.part is not None:  # with whom ever: a transfer may have put another in the far end's place
                    await caller.part()
                if progress.link is not None:
                    await progress.link.end()
            finally:
                outcome = self._outcome(progress)
                if request.on_end is not None:
                    request.on_end(outcome)
        return outcome

    async def _ring(self, caller: ActiveCall, request: DialRequest, progress: _Progress, news: asyncio.Event) -> None:
        for target in request.targets[: self._around.settings.max_dial_targets]:
            try:
                far = await self._ringer.ring(caller, target, request)
            except Unroutable as failure:
                progress.reason = str(failure)
                progress.not_rung.append(str(failure))
                log.info("dial_target_dropped", call=caller.facts.sid, reason=str(failure))
                continue
            self._take(far, progress, news)

    def _take(self, far: ActiveCall, progress: _Progress, news: asyncio.Event) -> None:
        far.watchers.add(news.set)
        progress.far.append(far)
        self._rung[far] = progress, news

    async def _until_answered(
        self, caller: ActiveCall, request: DialRequest, progress: _Progress, news: asyncio.Event
    ) -> None:
        """Wait for the first answer; everybody else is dropped. Ringing ends by the time-out of each far call."""
        country = request.ring_tone or self._around.settings.tone_country
        ringback = Ringback(caller, tones(Signal.RINGBACK, country), insist=bool(request.ring_tone))
        try:
            while not caller.over:
                progress.winner = next((far for far in progress.far if far.answered and not far.over), None)
                if progress.winner is not None:
                    break
                if all(far.over for far in progress.far):
                    return
                await ringback.follow(progress.far)
                await _next(news)
            for far in progress.far:
                if far is not progress.winner:
                    far.drop(Input.CANCEL, ANSWERED_ELSEWHERE)
            while (won := progress.winner) is not None and not (_ready(won) or won.over or caller.over):
                await _next(news)
            if progress.winner is not None:
                await caller.answer()
        finally:
            await ringback.stop()

    async def _talk(self, caller: ActiveCall, request: DialRequest, progress: _Progress, news: asyncio.Event) -> None:
        far = progress.winner
        if far is None:
            return
        star = asyncio.Event()

        def on_key(digit: str) -> None:
            if digit == "*":
                star.set()
                news.set()

        if request.hangup_on_star:
            caller.keys.on_key = on_key
        try:
            link = progress.link = Link(caller, far, self._around, tape=_tape(request))
        except MediaFailed as failure:
            progress.reason = str(failure)
            return
        try:
            async with asyncio.timeout(request.time_limit):
                # While a transfer has the caller in hand, the far end may leave: another one takes its place.
                while not (caller.over or star.is_set()) and (caller.transfer is not None or _talks(far, link)):
                    await _next(news)
        except TimeoutError:
            progress.reason = f"the time limit of {request.time_limit:g} s"

    def _release(self, progress: _Progress, news: asyncio.Event) -> None:
        """Let the far ends go; one that was redirected or transferred has a life of its own by now."""
        for far in progress.far:
            far.watchers.discard(news.set)
            del self._rung[far]
            if not far.independent:
                far.drop(Input.HANG_UP if far.answered else Input.CANCEL, "" if far.answered else "the dial was over")

    def _outcome(self, progress: _Progress) -> DialOutcome:
        far = progress.winner or max(progress.far, key=lambda one: _RANK.get(_status(one), 0), default=None)
        if far is None:
            return DialOutcome(
                status=DialStatus.FAILED,
                reason=progress.reason or "there was nobody to ring",
                not_rung=tuple(progress.not_rung),
            )
        facts, link = far.facts, progress.link
        tape = None if link is None else link.tape
        recording = None if tape is None else tape.recording
        talked = 0 if link is None else round(self._around.clock.monotonic() - link.since)
        return DialOutcome(
            status=DialStatus.COMPLETED if progress.winner is not None else _status(far),
            call_sid=facts.sid,
            duration=max(0, talked),
            ring_duration=facts.ring_duration or 0,
            bridged=link is not None,
            recording_sid=None if recording is None else recording.sid,
            recording_duration=0 if recording is None else recording.duration,
            sip_call_id=facts.sip_call_id,
            sip_code=facts.sip_code,
            sip_headers=tuple(facts.sip_headers.items()),
            reason=facts.reason or progress.reason,
            not_rung=tuple(progress.not_rung),
        )


def _tape(request: DialRequest) -> Tape | None:
    """What records the conversation: the caller on the first channel, whom he talks to on the second."""
    if request.record is DialRecording.NO:
        return None
    channels = 2 if request.record is DialRecording.DUAL else 1
    return Tape(RecordingOrder(source="DialVerb", channels=channels, stays=True))


def _ready(far: ActiveCall) -> bool:
    """Whether what is sent ahead of the conversation has been sent; one that came in to stand in has nothing to wait for."""
    return far.ready or far.facts.direction is Direction.INBOUND


def _talks(far: ActiveCall, link: Link) -> bool:
    return link.stands and not (far.over or far.redirected)


def _status(far: ActiveCall) -> DialStatus:
    return _STATUS.get(far.facts.status, DialStatus.FAILED)


async def _next(news: asyncio.Event) -> None:
    await news.wait()
    news.clear()
