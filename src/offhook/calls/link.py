"""Two calls that hear each other: their bridge, its recording, and what the one hears while the other holds.

Whoever made a link ends it; a transfer may end that of a dial before its time.
"""

from __future__ import annotations

import asyncio
from functools import partial

import structlog

from offhook.calls.active import ActiveCall
from offhook.calls.surroundings import Surroundings
from offhook.calls.tape import Tape
from offhook.calls.transferring import under_way
from offhook.media.commands import AudioFile
from offhook.media.events import Played
from offhook.media.keypad import pass_on
from offhook.media.operation import MediaFailed, Operation

log = structlog.get_logger(__name__)


class Link:
    """It stands from the moment that it is made. Both calls know each other as ``partner``."""

    def __init__(
        self,
        one: ActiveCall,
        other: ActiveCall,
        around: Surroundings,
        *,
        tape: Tape | None = None,
        outside: bool = False,
    ) -> None:
        """Raises ``MediaFailed``; then ``tape``, which records both, is closed. ``outside``: of a call whose far end has left,
        the other takes its place, and the call does not know him as its partner.
        """
        self.tape = tape
        self.since = around.clock.monotonic()
        self._both = (one, other)
        self._voices = {call: (call.place if outside else None) or call.media for call in self._both}
        self._music_file = around.settings.hold_music
        self._music: dict[ActiveCall, Operation[Played]] = {}
        """By the call that hears it."""
        self._ending = asyncio.Lock()
        self._ended = False
        self._bridge = self._start()
        for call, partner in ((one, other), (other, one)):
            if self._voices[call] is call.media:
                call.partner, call.part = partner, self.end
            call.watchers.add(self._look)
            call.keys.relay = partial(_pass_on, partner)
        self._look()

    @property
    def stands(self) -> bool:
        """Whether they still hear each other."""
        return not (self._ended or self._bridge.ended)

    async def end(self) -> None:
        """Part them, once; both are told. Returns when the bridge is gone."""
        async with self._ending:
            if self._ended:
                return
            self._ended = True
            for music in self._music.values():
                music.cancel()
            self._music.clear()
            for call in self._both:
                call.watchers.discard(self._look)
                call.keys.relay = None
                if call.part == self.end:
                    call.partner = None
            try:
                await self._part()
            finally:
                for call in self._both:
                    if call.part == self.end:  # who wants to part them meanwhile waits for this
                        call.part = None
                    call.changed()

    def _start(self) -> Operation[None]:
        one, other = self._both
        try:
            bridge = self._voices[one].start_bridge(self._voices[other])
        except MediaFailed:
            if self.tape is not None:
                self.tape.close()
            raise
        if self.tape is not None:
            self.tape.run((one, self._voices[one]), (other, self._voices[other]), bridge)
        return bridge

    async def _part(self) -> None:
        if self.tape is not None:
            try:
                await self.tape.rest()
            finally:
                self._pass_on(self.tape)
        try:
            await self._bridge.stop()
        except MediaFailed as failure:
            log.warning("bridge_did_not_stop", call=self._both[0].facts.sid, reason=str(failure))

    def _pass_on(self, tape: Tape) -> None:
        """The recording goes on where a transfer puts somebody in the place of one of them, else it is complete."""
        transfer = next((found for call in self._both if (found := under_way(call)) is not None), None)
        if transfer is not None:
            transfer.keep(tape)
        else:
            tape.close()

    def _look(self) -> None:
        """Start and stop the music of whoever is kept waiting."""
        if not self._music_file:
            return
        one, other = self._both
        music = AudioFile(path=self._music_file)
        for call, listener in ((one, other), (other, one)):
            if call.held and listener not in self._music and not listener.over:
                try:
                    self._music[listener] = self._voices[listener].start_play(music, loop=0)
                except MediaFailed as failure:
                    log.warning("hold_music_failed", call=listener.facts.sid, reason=str(failure))
            elif not call.held and listener in self._music:
                self._music.pop(listener).cancel()


def _pass_on(to: ActiveCall, key: str, signalled: bool) -> None:
    try:
        pass_on(to.media, key, signalled=signalled)
    except MediaFailed as failure:
        log.info("key_not_passed_on", call=to.facts.sid, reason=str(failure))
