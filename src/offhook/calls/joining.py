"""Joins two calls that talked to others before: what transfers and calls that replace others have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from offhook.calls.active import ActiveCall
from offhook.calls.call import Input
from offhook.calls.link import Link
from offhook.calls.surroundings import Surroundings
from offhook.calls.transferring import Transfer

TRANSFERRED = "transferred"
"""Reason of the hangup that whoever asked for a transfer gets."""


async def connect(
    transfer: Transfer,
    far: ActiveCall,
    around: Surroundings,
    *,
    leaving: Sequence[ActiveCall],
    linked: Callable[[], None],
) -> None:
    """Link the transferred call with ``far``, in place of whatever links both have, and wait until that is over.

    ``leaving`` are hung up once the link stands, after ``linked`` was told. A recording of the transferred call goes on,
    else one of ``far``. Raises ``MediaFailed``.
    """
    both = transfer.other, far
    for call in leaving:
        call.transfer = transfer  # no dial of theirs goes on meanwhile
    for call in both:
        if call.part is not None:
            await call.part()
    link = Link(*both, around, tape=transfer.take_tape(), outside=True)
    transfer.connected = True
    moved = partial(_moved, both)
    before = moved()
    news = asyncio.Event()
    for call in both:
        call.watchers.add(news.set)
    try:
        linked()
        for call in leaving:
            call.drop(Input.HANG_UP, TRANSFERRED)
        while link.stands and not any(call.over for call in both) and before == moved():
            await news.wait()
            news.clear()
    finally:
        for call in both:
            call.watchers.discard(news.set)
        await link.end()


def _moved(calls: Sequence[ActiveCall]) -> list[bool]:
    """Which were given another application. One whose far end has left takes whoever has its place along."""
    return [call.redirected and call.place is None for call in calls]
