"""Listens to a call that has just been answered until it is known who answered: before the application is asked, or beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog

from offhook.calls.answering_machine import AnsweredBy, AnsweringMachine, Thresholds
from offhook.calls.events import CallFacts, MachineDetected
from offhook.media.operation import MediaFailed
from offhook.media.session import MediaSession
from offhook.media.voice import Voice

log = structlog.get_logger(__name__)

LISTENING = Voice(hangover=200)
"""Pauses are the machine's business; it wants to know of them soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineDetection:
    """How an order of the API wants to know who answered."""

    message_end: bool = False
    """Wait for the end of a machine's greeting."""
    thresholds: Thresholds = field(default_factory=Thresholds)
    beside: bool = False
    """Let the application begin at once, and report by ``callback``."""
    callback: str | None = None
    """URL that is told who answered, where that was found out beside the application."""
    callback_method: str = "POST"


class Answered(Protocol):
    """A call that was answered."""

    @property
    def media(self) -> MediaSession: ...

    def answered_by(self, who: AnsweredBy, milliseconds: int) -> None:
        """It is known who answered, after so long."""
        ...


@asynccontextmanager
async def detection(call: Answered, wanted: MachineDetection | None) -> AsyncIterator[None]:
    """Find out before the body, or beside it; then the end of the body is the end of listening."""
    if wanted is None:
        yield
        return
    if not wanted.beside:
        await _find_out(call, wanted)
        yield
        return
    try:
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(_find_out(call, wanted))
            yield
            listening.cancel()
    except ExceptionGroup as failures:  # of the body: as it is, not as a group of one
        raise failures.exceptions[0] from None


def news(call: CallFacts, wanted: MachineDetection | None, at: datetime) -> tuple[MachineDetected, ...]:
    """What is to be told of a call of which it is known who answered."""
    log.info("call_answered_by", call=call.sid, who=call.answered_by, after_ms=call.machine_detection_duration)
    if wanted is None or wanted.callback is None:
        return ()
    return (MachineDetected(call=call, url=wanted.callback, method=wanted.callback_method, at=at),)


async def _find_out(call: Answered, wanted: MachineDetection) -> None:
    loop = asyncio.get_running_loop()
    machine = AnsweringMachine(wanted.thresholds, message_end=wanted.message_end)
    began = loop.time()
    try:
        async with call.media.detect(voice=LISTENING, tones=True) as findings:
            while machine.verdict is None:
                due = machine.deadline()
                try:
                    async with asyncio.timeout_at(began + due / 1000):
                        machine.hear(await anext(findings))
                except TimeoutError:
                    machine.expire(due)
                except StopAsyncIteration:
                    return  # hung up: nobody wants to know any more
    except MediaFailed as failure:
        log.info("machine_detection_failed", reason=str(failure))
        if call.media.closed:
            return
    call.answered_by(machine.verdict or AnsweredBy.UNKNOWN, round(1000 * (loop.time() - began)))
