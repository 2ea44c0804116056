"""Delivers status callbacks: signed, again and again until they are taken, a few at a time for each host.

At least once: a callback that was answered just before a crash is sent again, with the same idempotency token.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol
from urllib.parse import urlsplit

import structlog

from offhook.outbound.client import IDEMPOTENCY_HEADER
from offhook.outbound.http import HttpRequest, HttpResponse, OutboundError, OutboundFault
from offhook.security.masked import Secret
from offhook.security.signatures import signer
from offhook.store import deliveries
from offhook.store.session import Database, is_outage
from offhook.vocabulary.clock import Clock
from offhook.vocabulary.sids import AccountSid
from offhook.webhooks.outbox import Callback, Outbox, RecordingUrl, callback_of
from offhook.webhooks.settings import WebhookSettings

log = structlog.get_logger(__name__)
_GONE: Final = 410
_HOPELESS: Final = frozenset({OutboundFault.BAD_URL, OutboundFault.FORBIDDEN})
_LOAD_RETRY: Final = 5.0


class Sender(Protocol):
    """What is needed of ``HttpClient``."""

    async def send(self, request: HttpRequest) -> HttpResponse: ...


SigningKey = Callable[[AccountSid], Awaitable[Secret | None]]
"""The auth token of an account; None when there is no such account."""


@dataclass(slots=True, eq=False)
class _Lane:
    """Callbacks to one host."""

    ready: deque[Callback] = field(default_factory=deque)
    running: int = 0


class Delivery:
    """Sends what the outbox hands over. ``run`` owns the tasks; what is not delivered when it ends stays in the database.

    Callbacks of a call go out in order, as far as their first attempts; one that must be repeated holds up no other.
    """

    def __init__(
        self,
        database: Database,
        sender: Sender,
        signing_key: SigningKey,
        settings: WebhookSettings,
        recording_url: RecordingUrl | None = None,
        *,
        clock: Clock,
        node: str,
        poke: Callable[[], None] = lambda: None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._sender = sender
        self._signing_key = signing_key
        self._settings = settings
        self._clock = clock
        self._node = node
        self.poke = poke
        """Tells the journal that attempts are to be noted; node.py sets it once there is a journal."""
        self._chance = chance
        self.outbox = Outbox(node=node, send=self._admit_all, recording_url=recording_url)
        """Give it to the journal as a writer."""
        self._known: dict[str, Callback] = {}
        self._lanes: dict[str, _Lane] = {}
        self._queues: dict[str, deque[Callback]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._group: asyncio.TaskGroup | None = None
        self._overflowed = True
        self._refill = asyncio.Event()

    @property
    def undelivered(self) -> int:
        """Callbacks in memory."""
        return len(self._known)

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                self._refill.set()
                try:
                    while True:
                        await self._refill.wait()
                        self._refill.clear()
                        await self._load()
                finally:
                    self._group = None  # from here on nothing new is started
        finally:
            for timer in self._timers.values():
                timer.cancel()
            self._timers.clear()

    async def _load(self) -> None:
        """Take pending callbacks from the database, as many as fit."""
        self._overflowed = False
        room = self._settings.window - len(self._known)
        known = self._known.keys() | self.outbox.unsaved
        try:
            async with self._database.reading() as session:
                rows = await deliveries.pending(session, self._node, room + 1, known)
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("callbacks_not_loaded", error=str(error), retry_in=_LOAD_RETRY)
            self._overflowed = True
            await asyncio.sleep(_LOAD_RETRY)
            self._refill.set()
            return
        self._admit_all([callback_of(row) for row in rows if row.sid not in self._known])

    def _admit_all(self, callbacks: Sequence[Callback]) -> None:
        for callback in callbacks:
            if self._group is None or len(self._known) >= self._settings.window:
                self._overflowed = True
                return
            if callback.sid not in self._known:
                self._admit(callback)

    def _admit(self, callback: Callback) -> None:
        self._known[callback.sid] = callback
        if callback.tried:
            wait = (callback.due_at - self._clock.utc()).total_seconds()
            self._ready_in(callback, max(wait, 0.0))
        elif (queue := self._queues.get(callback.call_sid)) is not None:
            queue.append(callback)
        else:
            self._queues[callback.call_sid] = deque()
            self._ready(callback)

    def _ready(self, callback: Callback) -> None:
        self._timers.pop(callback.sid, None)
        host = _host(callback.url)
        lane = self._lanes.setdefault(host, _Lane())
        lane.ready.append(callback)
        self._start_next(host, lane)

    def _ready_in(self, callback: Callback, seconds: float) -> None:
        self._timers[callback.sid] = asyncio.get_running_loop().call_later(seconds, self._ready, callback)

    def _start_next(self, host: str, lane: _Lane) -> None:
        while self._group is not None and lane.ready and lane.running < self._settings.per_host:
            lane.running += 1
            self._group.create_task(self._deliver(host, lane, lane.ready.popleft()))
        if not lane.running and not lane.ready:
            self._lanes.pop(host, None)

    async def _deliver(self, host: str, lane: _Lane, callback: Callback) -> None:
        first = callback.tried == 0
        try:
            state = await self._attempt(callback)
        finally:
            lane.running -= 1
        self._start_next(host, lane)
        if first:
            self._release_next(callback.call_sid)
        self.outbox.note(callback, state, self._clock.utc())
        self.poke()
        if state == deliveries.PENDING:
            self._ready_in(callback, (callback.due_at - self._clock.utc()).total_seconds())
            return
        del self._known[callback.sid]
        if self._overflowed and len(self._known) <= self._settings.window // 2:
            self._refill.set()

    def _release_next(self, call_sid: str) -> None:
        queue = self._queues[call_sid]
        if queue:
            self._ready(queue.popleft())
        else:
            del self._queues[call_sid]

    async def _attempt(self, callback: Callback) -> str:
        """One attempt and the state that follows."""
        at = self._clock.utc().isoformat()
        started = self._clock.monotonic()
        hopeless = False
        try:
            key = await self._signing_key(callback.account_sid)
            if key is None:
                callback.note(at=at, error="The account is gone.")
                return deliveries.DEAD
            status = (await self._sender.send(self._request(callback, key))).status
        except OutboundError as error:
            hopeless = error.fault in _HOPELESS
            callback.note(at=at, error=str(error), elapsed=round(self._clock.monotonic() - started, 3))
        except Exception as error:  # one callback that fails must not stop the others
            log.exception("callback_attempt_broke", call=callback.call_sid)
            callback.note(at=at, error=f"{type(error).__name__} in offhook; see its log.")
        else:
            callback.note(at=at, status=status, elapsed=round(self._clock.monotonic() - started, 3))
            if 200 <= status < 300:
                return deliveries.DELIVERED
            hopeless = status == _GONE
        if hopeless or callback.tried >= self._settings.attempts:
            log.warning("callback_dead", call=callback.call_sid, attempts=callback.tried, last=callback.attempts[-1])
            return deliveries.DEAD
        callback.due_at = self._clock.utc() + timedelta(seconds=self._delay(callback.tried))
        return deliveries.PENDING

    def _request(self, callback: Callback, key: Secret) -> HttpRequest:
        return HttpRequest(
            url=callback.url,
            method=callback.method,
            form=callback.parameters,
            headers={IDEMPOTENCY_HEADER: callback.sid},
            signer=signer(key),
            limit=self._settings.answer_limit,
        )

    def _delay(self, tried: int) -> float:
        """Doubling, give or take half, so that callbacks which failed together do not come back together."""
        plain = min(self._settings.first_delay * 2.0 ** min(tried - 1, 60), self._settings.longest_delay)
        return min(plain * (0.5 + self._chance()), self._settings.longest_delay)


def _host(url: str) -> str:
    """Host and port; empty for what is no URL, which the attempt will find out."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""
