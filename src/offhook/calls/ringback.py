"""What a caller hears until somebody answers: the early media of the far end that spoke last, else a ringback tone.

A caller who is not answered yet hears his own phone ring (180) until there is early media to pass on (183).
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from offhook.calls.active import ActiveCall
from offhook.media.commands import Tone
from offhook.media.events import Played
from offhook.media.operation import MediaFailed, Operation
from offhook.media.session import MediaSession

log = structlog.get_logger(__name__)


class Ringback:
    """For one dial; ``stop`` ends it."""

    def __init__(self, caller: ActiveCall, tone: Sequence[Tone], *, insist: bool = False) -> None:
        """``insist`` lets the caller hear ``tone`` whatever the far ends have to say, even before he is answered."""
        self._caller = caller
        self._rings = tuple(tone)
        self._insists = insist
        self._tone: Operation[Played] | None = None
        self._bridge: Operation[None] | None = None
        self._bridged: MediaSession | None = None

    async def follow(self, far: Sequence[ActiveCall]) -> None:
        """Let the caller hear what ``far`` have to say now."""
        heeded = () if self._insists else far
        speaking = [
            one.early for one in heeded if one.early is not None and not one.over and not one.early.session.closed
        ]
        latest = max(speaking, key=lambda early: early.since, default=None)
        try:
            await self._pass_on(None if latest is None else latest.session)
        except MediaFailed as failure:
            log.warning("ringback_failed", call=self._caller.facts.sid, reason=str(failure))

    async def stop(self) -> None:
        """Silence, so that the caller can be linked with whoever answered."""
        if self._tone is not None:
            self._tone.cancel()
            self._tone = None
        await self._unlink()

    async def _pass_on(self, session: MediaSession | None) -> None:
        caller = self._caller
        if session is not None and not caller.answered and not await caller.progress():
            return
        if session is not self._bridged or (self._bridge is not None and self._bridge.ended):
            await self._unlink()
        if session is not None and self._bridged is None and not session.closed and not caller.over:
            if self._tone is not None:
                self._tone.cancel()
                self._tone = None
            self._bridge, self._bridged = caller.media.start_bridge(session), session
        elif session is None and self._tone is None and not caller.over and await self._reaches(caller):
            self._tone = caller.media.start_play(*self._rings, loop=0)

    async def _reaches(self, caller: ActiveCall) -> bool:
        """Whether the caller hears us: one who is not answered only where we insist."""
        return caller.answered or (self._insists and await caller.progress())

    async def _unlink(self) -> None:
        bridge, self._bridge, self._bridged = self._bridge, None, None
        if bridge is not None:
            try:
                await bridge.stop()
            except MediaFailed as failure:
                log.warning("bridge_did_not_stop", call=self._caller.facts.sid, reason=str(failure))
