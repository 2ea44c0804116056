"""Whether a gateway is up: a small machine fed by OPTIONS and by calls. A gateway that asks for a pause (503 with Retry-After,
RFC 3261 section 21.5.4) gets it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from offhook.calls.trunks.trunk import Probing

LONGEST_PAUSE: Final = 300.0
"""Seconds: a Retry-After beyond it is not believed."""


class State(StrEnum):
    """What is known of a gateway."""

    UNKNOWN = "unknown"
    """Nothing yet; it is used."""
    UP = "up"
    DOWN = "down"
    """Taken out; used only when nothing else is left."""
    PROBING = "probing"
    """Was down; answers again, or has been left alone long enough to be tried with a call."""
    RESTING = "resting"
    """It asked for a pause, and gets no call until that is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """The state at one moment."""

    state: State = State.UNKNOWN
    reason: str = ""
    """Why it is down or resting; in plain words."""
    since: float = 0.0
    """When it came into this state, on the caller's clock."""
    until: float | None = None
    """When the pause is over."""


class Health:
    """One gateway."""

    def __init__(self, now: float) -> None:
        self._condition = Condition(since=now)
        self._failures = 0
        """Silences in a row: nobody was there."""
        self._troubles = 0
        """Calls in a row that it did not take although it was there."""
        self._answers = 0
        self._tried = False

    def condition(self, now: float) -> Condition:
        """What is known at ``now``."""
        condition = self._condition
        if condition.until is not None and now >= condition.until:
            over = State.UNKNOWN if condition.state is State.RESTING else State.PROBING
            condition = self._condition = Condition(state=over, reason=condition.reason, since=condition.until)
        return condition

    def usable(self, now: float) -> bool:
        """Whether calls shall go there before others that are not. One that was down is tried with one call at a time."""
        state = self.condition(now).state
        return state not in (State.DOWN, State.RESTING) and not (state is State.PROBING and self._tried)

    def tried(self, *, now: bool) -> None:
        """A call goes there now, or one is over of which nothing was told."""
        self._tried = now

    def resting(self, now: float) -> bool:
        """Whether it must be left alone."""
        return self.condition(now).state is State.RESTING

    def worked(self, now: float, probing: Probing, *, call: bool = True) -> bool:
        """It answered a call, else an OPTIONS; whether that changes its state."""
        before = self.condition(now)
        self._failures, self._tried = 0, False
        if call:
            self._troubles = 0
        match before.state:
            case State.UNKNOWN | State.UP:
                self._become(State.UP, now)
            case State.DOWN if before.until is not None and not call:
                pass  # it did so all the time that it took no calls: the next one of them will show
            case State.DOWN | State.PROBING:
                self._answers += 1
                if self._answers >= probing.up_after:
                    self._become(State.UP, now)
                else:
                    self._become(State.PROBING, now, before.reason)
            case State.RESTING:
                pass  # it answers, and still wants no calls
        return self._condition.state is not before.state

    def failed(self, reason: str, now: float, probing: Probing, *, there: bool = False) -> bool:
        """It gave no answer, or is ``there`` and took no call all the same; whether that changes its state.

        One that is there is tried with a call after a pause: its answers to OPTIONS say nothing about that.
        """
        before = self.condition(now)
        if there:
            self._troubles += 1
        else:
            self._failures += 1
        self._answers, self._tried = 0, False
        pause = now + probing.retry_interval if there or probing.interval <= 0 else None
        match before.state:
            case State.UNKNOWN | State.UP if self._failures + self._troubles >= probing.down_after:
                self._become(State.DOWN, now, reason, pause)
            case State.PROBING:
                self._become(State.DOWN, now, reason, pause)
            case _:
                pass
        return self._condition.state is not before.state

    def busy(self, retry_after: float, reason: str, now: float) -> bool:
        """It asked for a pause of ``retry_after`` seconds; whether that changes its state."""
        before = self.condition(now)
        self._become(State.RESTING, now, reason, now + min(max(retry_after, 0.0), LONGEST_PAUSE))
        return self._condition.state is not before.state

    def _become(self, state: State, now: float, reason: str = "", until: float | None = None) -> None:
        since = self._condition.since if self._condition.state is state else now
        self._condition = Condition(state=state, reason=reason, since=since, until=until)
        if state is not State.PROBING:
            self._answers = 0
