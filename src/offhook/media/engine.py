"""The port to a media engine: commands down, events up. ``native`` drives Rust, ``fake`` a virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from offhook.media.commands import Command
from offhook.media.events import Event


class Engine(Protocol):
    """One media engine. All calls come from the event loop's thread, and so does the listener's call."""

    def send(self, command: Command) -> None:
        """Hand a command over; never blocks. The outcome comes as an event, errors included."""
        ...

    def listen(self, listener: Callable[[Sequence[Event]], None]) -> None:
        """Name the one listener, called on the loop with each batch of events, in order."""
        ...

    async def close(self) -> None:
        """Close every session and stop the threads; ends within a second."""
        ...
