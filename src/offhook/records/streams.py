"""Live events of one call for whoever watches it: the API's event stream, and through it the transcript of a test call."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final

from offhook.calls.events import CallCreated, CallEnded, CallEvent, CallProgressed
from offhook.vocabulary.sids import CallSid

_HISTORY: Final = 100
"""Events remembered of a live call for those who come later; older ones are forgotten."""
_BACKLOG: Final = 500
"""Events that wait for a slow watcher; when full, the oldest is dropped and counted."""


class Watch:
    """One watcher. Iterate over it: it ends after ``CallEnded``."""

    def __init__(self, past: Iterator[CallEvent]) -> None:
        self._waiting: deque[CallEvent] = deque(past, maxlen=_BACKLOG)
        self._arrived = asyncio.Event()
        self.dropped = 0
        """Events that this watcher was too slow for."""

    def put(self, event: CallEvent) -> None:
        """Add an event; never blocks."""
        if len(self._waiting) == _BACKLOG:
            self.dropped += 1
        self._waiting.append(event)
        self._arrived.set()

    async def __aiter__(self) -> AsyncIterator[CallEvent]:
        while True:
            while self._waiting:
                event = self._waiting.popleft()
                yield event
                if isinstance(event, CallEnded):
                    return
            self._arrived.clear()
            await self._arrived.wait()


class EventStreams:
    """Hands events to the watchers of their call. ``publish`` is a listener of the journal."""

    def __init__(self) -> None:
        self._history: dict[str, deque[CallEvent]] = {}
        self._watchers: dict[str, list[Watch]] = {}

    def publish(self, event: CallEvent) -> None:
        """Remember and hand on."""
        sid = _call_sid(event)
        if sid is None:
            return
        if isinstance(event, CallEnded):
            self._history.pop(sid, None)
        elif isinstance(event, CallCreated):
            self._history[sid] = deque((event,), maxlen=_HISTORY)
        elif (history := self._history.get(sid)) is not None:
            history.append(event)
        for watch in self._watchers.get(sid, ()):
            watch.put(event)

    @contextmanager
    def watch(self, sid: CallSid) -> Iterator[Watch]:
        """Watch a call: what is remembered of it first, then what happens. Of a call that is over, nothing comes."""
        watch = Watch(iter(self._history.get(sid, ())))
        self._watchers.setdefault(sid, []).append(watch)
        try:
            yield watch
        finally:
            watchers = self._watchers[sid]
            watchers.remove(watch)
            if not watchers:
                del self._watchers[sid]

    def live(self, sid: CallSid) -> bool:
        """Whether the call is in progress here."""
        return sid in self._history

    @property
    def empty(self) -> bool:
        """Whether nothing is remembered and nobody watches."""
        return not self._history and not self._watchers


def _call_sid(event: CallEvent) -> str | None:
    match event:
        case CallCreated() | CallProgressed() | CallEnded():
            return event.call.sid
        case _:
            return event.call_sid
