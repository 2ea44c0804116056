"""The end of a leg: what its line was like, and that nothing of it stays behind."""

from __future__ import annotations

import asyncio

import structlog

from offhook.calls.events import CallFacts, CallMeasured
from offhook.calls.leg import Leg
from offhook.media.operation import MediaFailed
from offhook.vocabulary.clock import Clock

log = structlog.get_logger(__name__)


async def measured(call: CallFacts, leg: Leg, clock: Clock, limit: float) -> tuple[CallMeasured, ...]:
    """What the media of a leg that has ended saw in its life; nothing when no packet passed, or the engine is stuck."""
    if leg.media.local is None:
        return ()
    try:
        async with asyncio.timeout(limit):
            quality = await leg.media.close()
    except (MediaFailed, TimeoutError):
        return ()
    if not quality.packets_sent and not quality.packets_received:
        return ()
    return (CallMeasured(call_sid=call.sid, account_sid=call.account_sid, quality=quality, at=clock.utc()),)


async def let_close(call: CallFacts, leg: Leg, limit: float) -> None:
    """Wait until signalling and media are gone, no longer than ``limit`` seconds."""
    try:
        async with asyncio.timeout(limit):
            await leg.closed()
    except TimeoutError:
        log.warning("leg_did_not_close", call=call.sid)
    except MediaFailed as failure:
        log.warning("media_did_not_close", call=call.sid, reason=str(failure))
