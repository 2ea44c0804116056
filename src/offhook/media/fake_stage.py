"""The twin engine as its pieces of work see it: a clock, the ends of commands, and who is heard in whose turn."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Protocol

from offhook.media.commands import CommandId, SessionId
from offhook.media.events import Event, Result


class Timer(Protocol):
    def cancel(self) -> None: ...


class Stage(Protocol):
    """What the work needs of the engine."""

    def now(self) -> int:
        """Milliseconds."""
        ...

    def at(self, when: int, then: Callable[[], None]) -> Timer: ...

    def finish(self, command: CommandId, result: Result) -> None: ...

    def fail(self, command: CommandId, reason: str) -> None: ...

    def sound(self, session: SessionId, since: int) -> array[int]:
        """What the far end heard from then until now, at 8 kHz."""
        ...

    def emit(self, event: Event) -> None: ...

    def take_turn(self, session: SessionId, turn: Turn) -> None:
        """Begin it once what was queued for the session before it has ended."""
        ...

    def leave_turn(self, session: SessionId, turn: Turn) -> None: ...


class Turn(Protocol):
    """Something that is heard alone: it waits for those before it."""

    def begin(self) -> None: ...


class Work(Protocol):
    """One command under way."""

    @property
    def sessions(self) -> tuple[SessionId, ...]: ...

    def stop(self) -> Result | None:
        """End at once, silently; tell how far it got."""
        ...

    def key(self, digit: str) -> None:
        """The far end pressed a key."""
        ...
