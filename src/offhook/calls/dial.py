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
from offhook.calls.recording import Recording
from offhook.calls.ringback import Ringback
from offhook.calls.surroundings import Surroundings
from offhook.media.events import Recorded
from offhook.media.operation import MediaFailed, Operation
from offhook.vocabulary.statuses import CallStatus

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
class _Link:
    """Two calls that hear each other."""

    far: ActiveCall
    since: float
    bridge: Operation[Recorded | None]
    recording: Recording | None = None
    recorded: int = 0
    """Milliseconds."""


@dataclass(slots=True, kw_only=True)
class _Progress:
    """How far one dial has come."""

    far: list[ActiveCall] = field(default_factory=list)
    winner: ActiveCall | None = None
    link: _Link | None = None
    reason: str = ""
    not_rung: list[str] = field(default_factory=list)


class Dialling:
    """Carries out dials."""

    def __init__(self, ringer: Ringer, around: Surroundings) -> None:
        self._ringer = ringer
        self._around = around

    async def dial(self, caller: ActiveCall, request: DialRequest) -> DialOutcome:
        """Ring, link, wait until it is over. Cancelling drops the far ends; ``request.on_end`` is told either way."""
        progress = _Progress()
        news = asyncio.Event()
        outcome = None
        caller.watcher = news.set
        try:
            await self._ring(caller, request, progress, news)
            await self._until_answered(caller, progress, news)
            if progress.winner is not None and not (progress.winner.over or caller.over):
                await self._talk(caller, request, progress, news)
        finally:
            caller.watcher = None
            caller.on_key = None
            self._release(progress)
            try:
                await self._end_link(progress)
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
            far.watcher = news.set
            progress.far.append(far)

    async def _until_answered(self, caller: ActiveCall, progress: _Progress, news: asyncio.Event) -> None:
        """Wait for the first answer; everybody else is dropped. Ringing ends by the time-out of each far call."""
        ringback = Ringback(caller)
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
            while progress.winner is not None and not (progress.winner.ready or progress.winner.over or caller.over):
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
            caller.on_key = on_key
        try:
            link = self._link(caller, far, request)
        except MediaFailed as failure:
            progress.reason = str(failure)
            return
        progress.link = link
        try:
            async with asyncio.timeout(request.time_limit):
                while not (caller.over or far.over or far.redirected or star.is_set() or link.bridge.ended):
                    await _next(news)
        except TimeoutError:
            progress.reason = f"the time limit of {request.time_limit:g} s"

    def _link(self, caller: ActiveCall, far: ActiveCall, request: DialRequest) -> _Link:
        recording = None if request.record is DialRecording.NO else self._around.recording(caller.facts)
        bridge = caller.media.start_bridge(far.media, None if recording is None else recording.path)
        if recording is not None:
            recording.begin(channels=2, source="DialVerb")
        now = self._around.clock.monotonic()
        return _Link(far=far, since=now, bridge=bridge, recording=recording)

    def _release(self, progress: _Progress) -> None:
        """Let the far ends go; one that was redirected has a life of its own by now."""
        for far in progress.far:
            far.watcher = None
            if not far.redirected:
                far.drop(Input.HANG_UP if far.answered else Input.CANCEL, "" if far.answered else "the dial was over")

    async def _end_link(self, progress: _Progress) -> None:
        link = progress.link
        if link is None:
            return
        if link.recording is not None:
            link.recorded = await link.recording.finish(link.bridge)
        else:
            try:
                await link.bridge.stop()
            except MediaFailed as failure:
                log.warning("bridge_did_not_stop", call=link.far.facts.sid, reason=str(failure))

    def _outcome(self, progress: _Progress) -> DialOutcome:
        far = progress.winner or max(progress.far, key=lambda one: _RANK.get(_status(one), 0), default=None)
        if far is None:
            return DialOutcome(
                status=DialStatus.FAILED,
                reason=progress.reason or "there was nobody to ring",
                not_rung=tuple(progress.not_rung),
            )
        facts, link = far.facts, progress.link
        talked = 0 if link is None else round(self._around.clock.monotonic() - link.since)
        return DialOutcome(
            status=DialStatus.COMPLETED if progress.winner is not None else _status(far),
            call_sid=facts.sid,
            duration=max(0, talked),
            ring_duration=facts.ring_duration or 0,
            bridged=link is not None,
            recording_sid=link.recording.sid if link is not None and link.recording is not None else None,
            recording_duration=0 if link is None else link.recorded,
            sip_call_id=facts.sip_call_id,
            sip_code=facts.sip_code,
            sip_headers=tuple(facts.sip_headers.items()),
            reason=facts.reason or progress.reason,
            not_rung=tuple(progress.not_rung),
        )


def _status(far: ActiveCall) -> DialStatus:
    return _STATUS.get(far.facts.status, DialStatus.FAILED)


async def _next(news: asyncio.Event) -> None:
    await news.wait()
    news.clear()
