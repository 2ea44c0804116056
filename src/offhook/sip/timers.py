"""Timers of the machine: a heap of moments and what happens at them. It knows no clock; ``now`` is an argument."""

from __future__ import annotations

import heapq
from collections.abc import Callable

Action = Callable[..., None]
"""Takes the moment; before it the argument, where it was started with one."""


class Timer:
    """One pending moment; ``stop`` is idempotent."""

    __slots__ = ("_timers", "action", "argument", "when")

    def __init__(self, when: float, action: Action, argument: object, timers: Timers) -> None:
        self.when = when
        self.action: Action | None = action
        self.argument = argument
        self._timers = timers

    def stop(self) -> None:
        """It will not fire."""
        if self.action is not None:
            self.action = None
            self._timers.stopped()


class Timers:
    """All timers of one endpoint. Moments that are equal fire in the order in which they were set."""

    _SWEEP = 4096
    """Stopped timers stay in the heap until they would have fired, or until this many do and they are the majority."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._sequence = 0
        self._stopped = 0

    def __len__(self) -> int:
        return len(self._heap) - self._stopped

    def start(self, when: float, action: Action, argument: object = None) -> Timer:
        """Call ``action(now)`` at ``when``, or ``action(argument, now)``: there may be tens of thousands of timers, and a
        method with an argument takes a quarter of the memory of a closure.
        """
        timer = Timer(when, action, argument, self)
        self._sequence += 1
        heapq.heappush(self._heap, (when, self._sequence, timer))
        return timer

    def stopped(self) -> None:
        """One of the timers in the heap was stopped."""
        self._stopped += 1
        if self._stopped > self._SWEEP and self._stopped * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].action is not None]
            heapq.heapify(self._heap)
            self._stopped = 0

    def deadline(self) -> float | None:
        """The next moment, or None."""
        heap = self._heap
        while heap:
            if heap[0][2].action is not None:
                return heap[0][0]
            heapq.heappop(heap)
            self._stopped -= 1
        return None

    def expire(self, now: float) -> None:
        """Fire all that are due, also those that the firing sets for ``now``."""
        while (when := self.deadline()) is not None and when <= now:
            timer = heapq.heappop(self._heap)[2]
            action, timer.action = timer.action, None
            if action is None:
                continue
            if timer.argument is None:
                action(now)
            else:
                action(timer.argument, now)
