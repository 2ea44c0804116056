"""Keeps the SIP ladder of every call: a tap on the SIP driver and a listener of call events, which tell whose Call-ID it is.

Bounds and drop rules: per call ``ladder_messages`` messages (those in the middle go first) of ``ladder_bytes`` bytes (the
rest of a longer one goes), ``ladder_memory`` bytes in all. Past that go the ladders of INVITEs that became no call, then
those of calls that ended longest ago, then of those that began longest ago. A ladder goes ``ladder_keep`` seconds after
its call's end.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from offhook.calls.events import CallCreated, CallEnded, CallEvent, CallFacts, CallProgressed
from offhook.sip.capture.ladder import CallLadder, Captured, Ladder, call_id_of, shown
from offhook.sip.flow import Flow, HostPort
from offhook.sip.settings import SipSettings
from offhook.vocabulary.clock import Clock
from offhook.vocabulary.sids import CallSid

_OF_ITS_LIFE: Final = (CallCreated, CallProgressed, CallEnded)
_STRANGERS: Final = 2_000
"""Ladders that may wait for a call to claim them; the oldest goes first."""


@dataclass(slots=True)
class _Signalled:
    """A call whose ladders are kept."""

    parent: CallSid | None
    call_ids: tuple[bytes, ...]
    ended: bool = False


class Ladders:
    """Implements ``sip.capture.ladder.Tap``; ``hear`` is its side towards calls, ``of`` that towards the API."""

    def __init__(self, settings: SipSettings, *, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._monotonic = clock.monotonic
        self._most, self._longest = settings.ladder_messages, settings.ladder_bytes
        self._claimed: dict[bytes, Ladder] = {}
        self._strangers: OrderedDict[bytes, Ladder] = OrderedDict()
        self._calls: OrderedDict[CallSid, _Signalled] = OrderedDict()
        self._ended: deque[tuple[float, CallSid]] = deque()
        self._memory = 0
        self.local_address: Callable[[Flow], HostPort] = lambda _peer: HostPort("127.0.0.1", 5060)
        """What we are called by a peer; the driver knows."""

    # -- the tap ----------------------------------------------------------------------------------------------------

    def received(self, data: bytes, source: Flow) -> None:
        self._take(data, source, sent=False)

    def sent(self, data: bytes, destination: Flow) -> None:
        self._take(data, destination, sent=True)

    def _take(self, data: bytes, peer: Flow, *, sent: bool) -> None:
        name = call_id_of(data)
        ladder = self._claimed.get(name) or self._strangers.get(name)
        if ladder is None:
            if data[:7] != b"INVITE " or not name:
                return  # no call: a registration, a ping, or noise
            ladder = self._strangers[name] = Ladder()
            if len(self._strangers) > _STRANGERS:
                self._memory -= self._strangers.popitem(last=False)[1].size
        size = len(data)
        kept = data if size <= self._longest else data[: self._longest]
        self._memory += ladder.add((self._monotonic(), sent, peer, kept, size), self._most)
        if self._memory > self._settings.ladder_memory:
            self._make_room()

    def _make_room(self) -> None:
        while self._memory > self._settings.ladder_memory:
            if self._strangers:
                self._memory -= self._strangers.popitem(last=False)[1].size
            elif self._ended:
                self._drop(self._ended.popleft()[1])
            elif self._calls:
                self._drop(next(iter(self._calls)))
            else:
                return

    # -- calls ------------------------------------------------------------------------------------------------------

    def hear(self, event: CallEvent) -> None:
        """Take an event of a call. Never blocks and never fails."""
        if not isinstance(event, _OF_ITS_LIFE):
            return
        facts = event.call
        known = self._calls.get(facts.sid)
        if known is None:
            if not isinstance(event, CallCreated):
                return  # its ladders were dropped
            known = self._calls[facts.sid] = _Signalled(parent=facts.parent_sid, call_ids=())
        self._claim(known, facts)
        if isinstance(event, CallEnded) and not known.ended:
            known.ended = True
            self._ended.append((self._monotonic(), facts.sid))
            self._forget()

    def _claim(self, call: _Signalled, facts: CallFacts) -> None:
        for name in _call_ids(facts):
            if name not in call.call_ids:
                call.call_ids = (*call.call_ids, name)
                if name not in self._claimed:
                    self._claimed[name] = self._strangers.pop(name) if name in self._strangers else Ladder()

    def _forget(self) -> None:
        """Drop what ended ``ladder_keep`` seconds ago."""
        before = self._monotonic() - self._settings.ladder_keep
        while self._ended and self._ended[0][0] <= before:
            self._drop(self._ended.popleft()[1])

    def _drop(self, sid: CallSid) -> None:
        call = self._calls.pop(sid, None)
        for name in () if call is None else call.call_ids:
            ladder = self._claimed.pop(name, None)
            if ladder is not None:
                self._memory -= ladder.size

    # -- readers ----------------------------------------------------------------------------------------------------

    @property
    def memory(self) -> int:
        """Bytes of messages that are kept."""
        return self._memory

    def of(self, facts: CallFacts) -> CallLadder | None:
        """The ladder of a call and of the calls that it rang or that rang it; None when nothing is kept of the call."""
        self._forget()
        if facts.sid not in self._calls and not any(name in self._claimed for name in _call_ids(facts)):
            return None
        base, now = self._clock.utc(), self._monotonic()
        messages: list[Captured] = []
        dropped = 0
        for sid, names in self._legs(facts).items():
            for name in names:
                ladder = self._claimed.get(name) or self._strangers.get(name)
                if ladder is None:
                    continue
                dropped += ladder.dropped
                for entry in ladder.entries:
                    at = base - timedelta(seconds=now - entry[0])
                    messages.append(shown(entry, leg=sid, at=at, local=self.local_address(entry[2])))
        messages.sort(key=lambda message: message.at)
        return CallLadder(messages=tuple(messages), dropped=dropped)

    def _legs(self, facts: CallFacts) -> dict[CallSid, tuple[bytes, ...]]:
        """Of a call that rang others all, of one that was rung itself and its caller."""
        known = self._calls.get(facts.sid)
        legs = {facts.sid: _merged(() if known is None else known.call_ids, _call_ids(facts))}
        if facts.parent_sid is not None:
            parent = self._calls.get(facts.parent_sid)
            return legs if parent is None else {facts.parent_sid: parent.call_ids, **legs}
        return legs | {sid: call.call_ids for sid, call in self._calls.items() if call.parent == facts.sid}


def _call_ids(facts: CallFacts) -> tuple[bytes, ...]:
    if facts.sip_call_ids:
        return tuple(name.encode("utf-8", "surrogateescape") for name in facts.sip_call_ids)
    return () if facts.sip_call_id is None else (facts.sip_call_id.encode("utf-8", "surrogateescape"),)


def _merged(*several: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(name for names in several for name in names))
