"""What operations make of the results that the engine tells at the end of commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from offhook.media.events import Closed, Measured, Recorded, RecordEnd, Result, Statistics
from offhook.media.operation import MediaFailed

R = TypeVar("R")


def reader(expected: type[R], without: R | None = None) -> Callable[[Result | None], R]:
    """Takes a result of the expected kind; ``without`` stands for the missing one of an interrupted command."""

    def read(result: Result | None) -> R:
        if isinstance(result, expected):
            return result
        if result is None and without is not None:
            return without
        raise MediaFailed(f"the media engine answered {result!r} where {expected.__name__} was due")

    return read


def nothing(_result: Result | None) -> None:
    """Of commands that have nothing to tell."""
    return


def statistics(result: Result | None) -> Statistics:
    """What a session saw; nothing where the engine lost it."""
    return result.statistics if isinstance(result, Closed | Measured) else Statistics()


def nothing_recorded(path: str) -> Recorded:
    """Of a recording that was interrupted before it began."""
    return Recorded(path=path, duration=0, end=RecordEnd.CANCELLED)
