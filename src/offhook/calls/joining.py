"""Joins two calls that talked to others before: what transfers and calls that replace others have in common.

A call in the hands of a transfer outlives the one that it talked to; when a transfer lets go of it, it goes on with the
script that runs it, or is hung up when there is none and nobody is left to talk to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from offhook.calls.active import ActiveCall
from offhook.calls.call import Input
from offhook.calls.link import Link
from offhook.calls.surroundings import Surroundings

TRANSFERRED = "transferred"
"""Reason of the hangup that whoever asked for a transfer gets."""


@dataclass(slots=True, kw_only=True, eq=False)
class Transfer:
    """Calls know it as their ``transfer`` while it has them in hand."""

    other: ActiveCall
    """Who is transferred."""
    before: object | None
    """The transfer that had ``other`` in hand: one that succeeded, and goes on when this one does not."""
    connected: bool = False
    over: bool = False

    @classmethod
    def of(cls, other: ActiveCall) -> Transfer:
        """A transfer that takes ``other`` in hand."""
        transfer = cls(other=other, before=other.transfer)
        other.transfer = transfer
        return transfer

    def release(self, call: ActiveCall) -> None:
        """Let go of ``call``, unless a later transfer has it by now."""
        if call.transfer is not self:
            return
        before = self.before if call is self.other else None
        call.transfer = before if isinstance(before, Transfer) and not before.over else None
        call.changed()
        if call.partner is None and not call.independent:
            call.drop(Input.HANG_UP if call.answered else Input.CANCEL)


def under_way(call: ActiveCall) -> bool:
    """Whether a transfer of ``call`` has not come to its end yet."""
    return isinstance(call.transfer, Transfer) and not call.transfer.connected


async def connect(
    transfer: Transfer,
    far: ActiveCall,
    around: Surroundings,
    *,
    leaving: Sequence[ActiveCall],
    linked: Callable[[], None],
) -> None:
    """Link the transferred call with ``far``, in place of whatever links both have, and wait until that is over.

    ``leaving`` are hung up once the link stands, after ``linked`` was told. Raises ``MediaFailed``.
    """
    both = transfer.other, far
    for call in leaving:
        call.transfer = transfer  # no dial of theirs goes on meanwhile
    for call in both:
        if call.part is not None:
            await call.part()
    link = Link(*both, around)
    transfer.connected = True
    redirected = [call.redirected for call in both]
    news = asyncio.Event()
    for call in both:
        call.watchers.add(news.set)
    try:
        linked()
        for call in leaving:
            call.drop(Input.HANG_UP, TRANSFERRED)
        while link.stands and not any(call.over for call in both) and redirected == [call.redirected for call in both]:
            await news.wait()
            news.clear()
    finally:
        for call in both:
            call.watchers.discard(news.set)
        await link.end()
