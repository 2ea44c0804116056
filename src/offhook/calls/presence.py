"""What clients are doing: the calls of each, told to whoever watches. Where a client is registered is asked elsewhere.

An address is ``login@domain``. Entries live as long as calls and watchers do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from offhook.calls.active import ActiveCall
from offhook.calls.directory import ClientEntry
from offhook.calls.leg import DialogName
from offhook.vocabulary.sids import CallSid
from offhook.vocabulary.statuses import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCall:
    """One call of a client, seen from the client."""

    sid: CallSid
    answered: bool
    placed: bool
    """Whether the client placed it; else it is called."""
    other: str
    """The other party, as it reads to the client: a number, ``client:NAME`` or a SIP URI."""
    dialog: DialogName | None = None
    """How signalling names it, for those who may take its place."""


class Presence:
    """The calls of all clients, and who watches them."""

    def __init__(self) -> None:
        self._calls: dict[str, dict[CallSid, ClientCall]] = {}
        self._watchers: dict[str, set[Callable[[], None]]] = {}

    @property
    def idle(self) -> bool:
        """Whether no client is in a call."""
        return not self._calls

    def calls(self, address: str) -> tuple[ClientCall, ...]:
        """The calls of a client now, oldest first."""
        return tuple(self._calls.get(address, {}).values())

    def watch(self, address: str, watcher: Callable[[], None]) -> None:
        """Tell ``watcher`` of every change until ``unwatch``."""
        self._watchers.setdefault(address, set()).add(watcher)

    def unwatch(self, address: str, watcher: Callable[[], None]) -> None:
        """Tell it no more."""
        watchers = self._watchers.get(address, set())
        watchers.discard(watcher)
        if not watchers:
            self._watchers.pop(address, None)

    def changed(self, address: str) -> None:
        """Something about a client is different now, such as where it is registered."""
        for watcher in tuple(self._watchers.get(address, ())):
            watcher()

    def follow(self, call: ActiveCall) -> None:
        """Take a new call of a client into account until it is over; one of anybody else is of no interest."""
        client = call.client
        if client is not None:
            address = address_of(client)
            call.watchers.add(lambda: self._look(address, call))
            self._look(address, call)

    def _look(self, address: str, call: ActiveCall) -> None:
        facts, calls = call.facts, self._calls.setdefault(address, {})
        if call.over or call.client is None:  # or the client has left it to somebody else
            changed = calls.pop(facts.sid, None) is not None
        else:
            placed = facts.direction is Direction.INBOUND
            state = ClientCall(
                sid=facts.sid,
                answered=call.answered,
                placed=placed,
                other=facts.to if placed else facts.from_,
                dialog=call.leg.dialog,
            )
            changed = calls.get(facts.sid) != state
            calls[facts.sid] = state
        if not calls:
            del self._calls[address]
        if changed:
            self.changed(address)


def address_of(client: ClientEntry) -> str:
    """How a client is named here."""
    return f"{client.login}@{client.domain}"
