"""Rounds of OPTIONS through the location table: which clients to ask now, and which have been silent too often.

A round asks every contact once and takes one interval, evenly, so that ten thousand clients cause a steady trickle and
no burst. A machine without clock.
"""

from __future__ import annotations

from collections import deque

from offhook.sip.registrar import Binding, Registrar

_LEAST_PAUSE = 0.1
_LONGEST_PAUSE = 1.0


class Rounds:
    """The state of the round that is under way."""

    def __init__(self, registrar: Registrar, *, interval: float, misses: int) -> None:
        """``interval``: seconds of a round. ``misses``: pings in a row without any answer, after which a contact is gone."""
        self._registrar = registrar
        self._interval = interval
        self._limit = misses
        self._waiting: deque[str] = deque()
        """Addresses that this round has not come to yet."""
        self._credit = 0.0
        """Contacts that may be asked; a fraction is kept for the next time."""
        self._asked_at: float | None = None
        self._missed: dict[tuple[str, str], int] = {}

    @property
    def pause(self) -> float:
        """Seconds until ``due`` is worth asking again."""
        return min(_LONGEST_PAUSE, max(_LEAST_PAUSE, self._interval / max(1, self._registrar.size)))

    def due(self, now: float) -> list[tuple[str, Binding]]:
        """Who is to be asked now: addresses and their contacts."""
        size = self._registrar.size
        rate = size / self._interval
        elapsed = 0.0 if self._asked_at is None else now - self._asked_at
        self._asked_at = now
        # After a stall the round goes on where it was: what was missed is not made up for in a burst.
        self._credit = min(self._credit + elapsed * rate, max(1.0, 2 * _LONGEST_PAUSE * rate))
        asked: list[tuple[str, Binding]] = []
        while self._credit >= 1 and size:
            if not self._waiting:
                self._begin()
                if not self._waiting:
                    break
            address = self._waiting.popleft()
            self._credit -= 1
            asked += [(address, binding) for binding in self._registrar.lookup(address, now)]
        return asked

    def answered(self, address: str, binding: Binding) -> None:
        """The contact lives, whatever it answered."""
        self._missed.pop((address, str(binding.target)), None)

    def unanswered(self, address: str, binding: Binding) -> bool:
        """The contact was silent; whether that was once too often, and it is removed."""
        key = (address, str(binding.target))
        count = self._missed.pop(key, 0) + 1
        if count >= self._limit:
            return self._registrar.remove(address, binding)
        self._missed[key] = count
        return False

    def __len__(self) -> int:
        """Contacts that were silent lately."""
        return len(self._missed)

    def _begin(self) -> None:
        """A new round; those that are registered no more are forgotten."""
        self._waiting.extend(self._registrar.addresses())
        if self._missed:
            known = set(self._waiting)
            self._missed = {key: count for key, count in self._missed.items() if key[0] in known}
